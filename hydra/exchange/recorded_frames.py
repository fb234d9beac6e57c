"""Frames that hftbacktest recorded: gzip, a line a frame, receive time (nanoseconds since 1970) and the JSON.

The order book that REST answered is a line among them, without its symbol.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hydra.errors import BadDataError
from hydra.exchange.capture import SNAPSHOT_OF, CapturedFrame

_SNAPSHOT_START: Final = b'{"lastUpdateId"'


def recorded_frames(path: Path, symbol: str, connection: str = "recorded") -> Iterator[CapturedFrame]:
    """The frames of the file, in the order of the lines; `symbol` is the one of its snapshots.

    Raises:
        BadDataError: it is no such file, from the line that is named on.
    """
    read = 0
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                received_ns, _, frame = line.rstrip(b"\n").partition(b" ")
                name = SNAPSHOT_OF + symbol if frame.startswith(_SNAPSHOT_START) else connection
                yield CapturedFrame(int(received_ns), name, frame)
                read += 1
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise BadDataError(f"{path} cannot be read beyond line {read}: {error}") from None
