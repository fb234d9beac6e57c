"""From a file's bytes to a frame of named columns with line numbers. Values are not checked here.

A csv may have a header row or none. Text is stripped, and an empty cell is null.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive import limits
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.parquet_bytes import column_names, read_columns
from hydra.exchange.archive.refusals import refused_if_unreadable

LINE: Final = "line"
FAULT: Final = "fault"

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LONGEST: Final = 500  # characters of column names in a message
_FILLER: Final = "ignore"
"""The last column of klines: unused, so it may be truncated."""


class _Body(NamedTuple):
    names: Sequence[str]
    rows: bytes
    first_line: int


def read_csv(source: FileBytes, columns: tuple[str, ...]) -> pl.DataFrame:
    """The rows as text in `columns`, with `line` (in the file, from 1, header included) and `fault`.

    fault: why a line is no row (it has fewer or more fields than the others), else null.

    Raises:
        BadDataError: not a csv, cut off, without a row, or a column is missing.
    """
    body = _body(source, columns)
    counts = _fields_per_line(body.rows)
    faults = _faults(source, body, counts)
    frame = _parsed(source, body)
    if frame.height != len(counts):
        raise BadDataError(f"{source.path}: a quotation mark is not closed; download it again")
    lined = frame.with_columns(
        pl.int_range(body.first_line, body.first_line + frame.height, dtype=pl.Int64).alias(LINE),
        pl.Series(FAULT, faults, pl.String),
    )
    return lined.filter(pl.Series(counts > 1)).select(LINE, *columns, FAULT).with_columns(_stripped(columns))


def read_parquet(source: FileBytes, columns: tuple[str, ...], optional: tuple[str, ...]) -> pl.DataFrame:
    """The `columns` as they are typed in the file, those of `optional` that it has, `line` and `fault`.

    line is the row number from 1; fault is null: a Parquet file has no broken lines.

    Raises:
        BadDataError: not a Parquet file, too large, without a row, or a column is missing.
    """
    _require(source, column_names(source.path, source.content), columns)
    frame = read_columns(source.path, source.content, (*columns, *optional))
    if frame.is_empty():
        raise BadDataError(f"{source.path}: holds no row; copy it again")
    chosen = [*columns, *(name for name in optional if name in frame.columns)]
    texts = [name for name in chosen if frame.schema[name] == pl.String]
    numbered = frame.select(
        pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias(LINE),
        *chosen,
        pl.lit(None, pl.String).alias(FAULT),
    )
    return numbered.with_columns(_stripped(texts))


def _body(source: FileBytes, columns: tuple[str, ...]) -> _Body:
    file_bytes = source.content.removeprefix(_BYTE_ORDER_MARK)
    if b"\x00" in file_bytes:
        raise BadDataError(f"{source.path}: holds zero bytes: it is no csv, or corrupt; download it again")
    first, _, others = file_bytes.partition(b"\n")
    named = [name.strip().strip('"').lower() for name in first.decode("utf-8", "replace").split(",")]
    has_header = any(letter.isalpha() for letter in named[0])
    rows = others if has_header else file_bytes
    if not rows.strip():
        raise BadDataError(f"{source.path}: holds no row; download it again")
    if rows.count(b"\n") > limits.ROWS or rows.count(b",") > limits.ROWS * len(columns):
        raise BadDataError(f"{source.path}: more than {limits.ROWS:,} rows; split it by month")
    if has_header:
        _require(source, named, columns)
    return _Body(named if has_header else columns, rows.rstrip(b"\r\n "), 2 if has_header else 1)


def _fields_per_line(rows: bytes) -> npt.NDArray[np.int64]:
    """How many fields each line has; a blank line has one."""
    file_bytes = np.frombuffer(rows, np.uint8)
    ends = np.append(np.flatnonzero(file_bytes == ord("\n")), len(file_bytes))
    before = np.searchsorted(np.flatnonzero(file_bytes == ord(",")), ends)
    return np.diff(before, prepend=0) + 1


def _faults(source: FileBytes, body: _Body, counts: npt.NDArray[np.int64]) -> list[str | None]:
    width = len(body.names)
    usual = int(np.bincount(counts[counts > 1]).argmax()) if (counts > 1).any() else 1
    if usual != width:
        raise BadDataError(
            f"{source.path}: its rows have {usual} columns, expected {width}: {', '.join(body.names)}"
        )
    faults: list[str | None] = [None] * len(counts)
    for number in np.flatnonzero((counts != width) & (counts > 1)):
        faults[number] = f"the line has {counts[number]} fields, the others {width}"
    if not source.content.endswith(b"\n") and not source.is_known_whole:
        _refuse_cut(source, body, len(counts), int(counts[-1]))
        if body.names[-1] != _FILLER:
            faults[-1] = faults[-1] or "the last line has no line end: its last value may be cut off"
    return faults


def _refuse_cut(source: FileBytes, body: _Body, lines: int, last_count: int) -> None:
    if last_count < len(body.names):
        last = body.first_line + lines - 1
        raise BadDataError(
            f"{source.path}: cut off in line {last} ({last_count} of {len(body.names)} fields); "
            "download it again"
        )


def _parsed(source: FileBytes, body: _Body) -> pl.DataFrame:
    schema = dict.fromkeys(body.names, pl.String())
    if len(schema) != len(body.names):
        raise BadDataError(f"{source.path}: a column stands twice in the header: {', '.join(body.names)}")
    with refused_if_unreadable(source.path, "not a readable csv"):
        return pl.read_csv(BytesIO(body.rows), has_header=False, schema=schema, truncate_ragged_lines=True)


def _stripped(names: Sequence[str]) -> list[pl.Expr]:
    text = [pl.col(name).str.strip_chars() for name in names]
    return [pl.when(column != "").then(column) for column in text]


def _require(source: FileBytes, found: list[str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        raise BadDataError(
            f"{source.path}: column {', '.join(missing)} is missing (found {', '.join(found)[:_LONGEST]}); "
            "compare with the exchange's archive"
        )
