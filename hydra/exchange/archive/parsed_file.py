"""The result of parsing one history file: typed rows for its tables, and refused rows."""

from dataclasses import dataclass

import polars as pl

from hydra.exchange.archive.contents import read_csv, read_parquet
from hydra.exchange.archive.file_bytes import FileBytes


@dataclass(frozen=True)
class ParsedFile:
    """The rows of a file per table of schema market, sorted by time, without instrument_id.

    rejected: line (Int64), reason, raw (the row as JSON text). repeated: identical duplicates.
    empty: rows without any value. notes: sentences for the user about how the file was read.
    lines: the line in the file of each row, for a file with one table of prices; None for the others.
    """

    tables: dict[str, pl.DataFrame]
    rejected: pl.DataFrame
    rows_read: int
    repeated: int = 0
    empty: int = 0
    notes: tuple[str, ...] = ()
    lines: pl.Series | None = None


def read_rows(
    source: FileBytes, csv: tuple[str, ...], parquet: tuple[str, ...], optional: tuple[str, ...] = ()
) -> pl.DataFrame:
    """The rows of either kind of file: its columns, `line` and `fault`.

    Raises:
        BadDataError: the file as a whole cannot be read.
    """
    if source.path.suffix.lower() == ".parquet":
        return read_parquet(source, parquet, optional)
    return read_csv(source, csv)
