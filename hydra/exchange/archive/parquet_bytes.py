"""Columns of a Parquet file in memory, after a look at how many rows it states."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive import limits
from hydra.exchange.archive.refusals import refused_if_unreadable

_UNREADABLE = "not a readable Parquet file"


def column_names(path: Path, content: bytes) -> list[str]:
    """The names of the columns of the file `path` with `content`.

    Raises:
        BadDataError: not a Parquet file.
    """
    with refused_if_unreadable(path, _UNREADABLE):
        return list(pl.read_parquet_schema(BytesIO(content)))


def read_columns(path: Path, content: bytes, names: Sequence[str]) -> pl.DataFrame:
    """Those of `names` that the file has, as they are typed in it.

    Raises:
        BadDataError: not a Parquet file, or too large: see `limits`.
    """
    present = column_names(path, content)
    with refused_if_unreadable(path, _UNREADABLE):
        rows = int(pl.scan_parquet(BytesIO(content)).select(pl.len()).collect().item())
        if rows > limits.ROWS:
            raise BadDataError(f"{path}: states {rows:,} rows, more than {limits.ROWS:,}; split it by month")
        frame = pl.read_parquet(BytesIO(content), columns=[name for name in names if name in present])
        texts = frame.select(pl.col(pl.String).str.len_bytes().cast(pl.Int64).sum()).rows()
    if texts and sum(size or 0 for size in texts[0]) > limits.BYTES:
        raise BadDataError(f"{path}: its texts unpack to more than {limits.BYTES:,} bytes; look at it")
    return frame
