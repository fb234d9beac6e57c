"""What is stored in one transaction, and how it waits on disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import msgspec
import polars as pl
import zstandard

from hydra.errors import BadDataError
from hydra.ingest.live.rows import Record, joined, row_count

_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by table, records, and how far ingest has come with them (exchange time, microseconds).

    committed_through_us: every fact known up to here is in this batch or an earlier one. candles_through_us:
    so is every pair's candle up to this close; None: not known yet.
    """

    committed_through_us: int
    candles_through_us: int | None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    records: tuple[Record, ...] = ()

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return row_count(self.tables)


def one_batch(batches: Sequence[Batch]) -> Batch:
    """Consecutive batches as one."""
    if len(batches) == 1:
        return batches[0]
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        for name, frame in batch.tables.items():
            frames.setdefault(name, []).append(frame)
    return Batch(
        batches[-1].committed_through_us,
        batches[-1].candles_through_us,
        {name: joined(some) for name, some in frames.items()},
        tuple(record for batch in batches for record in batch.records),
    )


class _OnDisk(msgspec.Struct):
    committed_through_us: int
    candles_through_us: int | None
    tables: dict[str, bytes]
    records: list[tuple[str, dict[str, Any]]]


def to_bytes(batch: Batch) -> bytes:
    """`batch` as compressed, checksummed bytes: MessagePack around an Arrow file a table."""
    tables = {name: _arrow(frame) for name, frame in batch.tables.items()}
    content = _OnDisk(
        batch.committed_through_us,
        batch.candles_through_us,
        tables,
        [(record.query, record.values) for record in batch.records],
    )
    packed = msgspec.msgpack.encode(content)
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(packed)


def from_bytes(content: bytes) -> Batch:
    """The batch of `to_bytes`.

    Raises:
        BadDataError: the bytes are damaged.
    """
    try:
        found = msgspec.msgpack.decode(zstandard.decompress(content), type=_OnDisk)
        tables = {name: pl.read_ipc(BytesIO(data)) for name, data in found.tables.items()}
    except (zstandard.ZstdError, msgspec.MsgspecError, pl.exceptions.PolarsError, OSError) as error:
        raise BadDataError(f"it is no batch of rows ({type(error).__name__})") from None
    records = tuple(Record(query, values) for query, values in found.records)
    return Batch(found.committed_through_us, found.candles_through_us, tables, records)


def _arrow(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_ipc(out)
    return out.getvalue()
