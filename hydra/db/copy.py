"""Binary COPY: a polars frame into a table, at the speed of the server.

The rows are assembled as PostgreSQL's binary COPY format by numpy, a block of rows at a time, because a
Python call per row would cost more than the server's own work. Source: platform.md section 3.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg
from psycopg import sql

from hydra.errors import StopError

BLOCK_ROWS: Final = 65_536

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
_TRAILER: Final = b"\xff\xff"
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970

_WIRE_TYPES: Final[dict[type[pl.DataType], str]] = {
    pl.Int16: ">i2",
    pl.Int32: ">i4",
    pl.Int64: ">i8",
    pl.Float64: ">f8",
    pl.Datetime: ">i8",
    pl.Boolean: "i1",
}


def copy_rows(connection: psycopg.Connection, table: sql.Composable, frame: pl.DataFrame) -> int:
    """Append `frame` to `table`, column by column name, inside the caller's transaction.

    Columns may be Int16, Int32, Int64, Float64, Boolean or Datetime("us"); their types must be those of
    the table's columns (smallint, integer, bigint, double precision, boolean, timestamptz). A text value
    (String) or an array (List of Float64) makes the frame take a slower way, row by row.

    Returns the number of rows.

    Raises:
        StopError: a column's type has no binary form here.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table, columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in encoded(frame):
            copy.write(block)
    return frame.height


def encoded(frame: pl.DataFrame) -> Iterator[bytes]:
    """The bytes of a binary COPY of `frame`, in blocks.

    Raises:
        StopError: a column's type has no binary form here.
    """
    yield _SIGNATURE
    for block in frame.iter_slices(BLOCK_ROWS):
        yield _encode_block(block)
    yield _TRAILER


def _encode_block(block: pl.DataFrame) -> bytes:
    """Rows of field count, then per field its length and its bytes; a null is length -1 without bytes.

    A column that is null throughout gets no bytes in the layout; single nulls are cut out by a mask.
    """
    empty = {column.name for column in block if column.null_count() == block.height}
    layout = np.dtype(list(_layout(block, empty)))
    rows = np.zeros(block.height, layout)
    rows["fields"] = block.width
    holes: list[tuple[str, npt.NDArray[np.bool_]]] = []
    for column in block:
        if column.name in empty:
            rows[f"{column.name} length"] = -1
            continue
        rows[f"{column.name} length"] = layout[column.name].itemsize
        rows[column.name] = _wire_values(column)
        if column.null_count():
            missing = column.is_null().to_numpy()
            rows[f"{column.name} length"][missing] = -1
            holes.append((column.name, missing))
    return _without(rows, holes) if holes else rows.tobytes()


def _layout(block: pl.DataFrame, empty: set[str]) -> Iterator[tuple[str, str]]:
    yield "fields", ">i2"
    for column in block:
        yield f"{column.name} length", ">i4"
        if column.name not in empty:
            yield column.name, _wire_type(column)


def _wire_type(column: pl.Series) -> str:
    wire = _WIRE_TYPES.get(column.dtype.base_type())
    if wire is None:
        raise StopError(f"column {column.name} of type {column.dtype} has no binary COPY form in HYDRA")
    return wire


def _wire_values(column: pl.Series) -> npt.NDArray[np.generic]:
    if column.dtype.base_type() is pl.Datetime:
        return column.dt.epoch("us").fill_null(0).to_numpy() - _POSTGRES_EPOCH_US
    zero = False if column.dtype == pl.Boolean else 0
    return column.fill_null(zero).to_numpy()


def _without(rows: npt.NDArray[np.void], holes: list[tuple[str, npt.NDArray[np.bool_]]]) -> bytes:
    kept = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    for name, missing in holes:
        field = rows.dtype.fields[name] if rows.dtype.fields else None
        if field is None:
            raise AssertionError(f"the layout has the field {name}")
        start = field[1]
        kept[missing, start : start + field[0].itemsize] = False
    octets = rows.view(np.uint8).reshape(len(rows), -1)
    return octets[kept].tobytes()
