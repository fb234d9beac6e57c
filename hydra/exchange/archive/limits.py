"""How large a history file may be, so that no file fills the memory.

The longest file that HYDRA reads in earnest is a symbol's minutes since 2019 in one csv: 4,000,000 rows of
130 bytes. The exchange's archive serves months (7 MB) in zips that are a third to a sixth of their csv.
"""

from typing import Final

BYTES: Final = 512 * 2**20
"""Bytes of a file, and of what it unpacks to."""

RATIO: Final = 100
"""How many times its own size a zip may unpack to; csv text of prices reaches 20 where nothing was traded."""

FREE_BYTES: Final = 16 * 2**20
"""Up to here a zip may unpack whatever its ratio: such a file harms nobody."""

ROWS: Final = 10_000_000
"""Rows of a file. A Parquet file states its rows in a few bytes, however many they are."""


def unpacked_bytes(packed: int) -> int:
    """The bytes that a zip of `packed` bytes may unpack to."""
    return min(BYTES, max(FREE_BYTES, packed * RATIO))
