"""Binary COPY: a polars frame into a table, at the speed of the server.

The rows are assembled as PostgreSQL's binary COPY format by numpy, a block of rows at a time, because a
Python call per row would cost more than the server's own work.
Source: docs/database.md, "Reading and writing fast".
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

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
_NULL: Final = -1

_WIRE_TYPES: Final[dict[type[pl.DataType], str]] = {
    pl.Int16: ">i2",
    pl.Int32: ">i4",
    pl.Int64: ">i8",
    pl.Float64: ">f8",
    pl.Datetime: ">i8",
    pl.Boolean: "i1",
}
_FLOAT8_OID: Final = 701
_ARRAY_HEADER: Final = [(name, ">i4") for name in ("dimensions", "has_nulls", "oid", "size", "lower")]
_EMPTY_ARRAY_BYTES: Final = 12  # an array of no dimensions ends after its element type

Octets = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int64]


class _Field(NamedTuple):
    """A column on the wire: bytes per row (-1: null), and the bytes, padded to one width."""

    lengths: Lengths
    file_bytes: Octets


def copy_rows(connection: psycopg.Connection, table: sql.Composable, frame: pl.DataFrame) -> int:
    """Append `frame` to `table`, column by column name, inside the caller's transaction.

    Columns may be Int16, Int32, Int64, Float64, Boolean, Datetime("us"), String or List(Float64), and
    must be those of the table: smallint, integer, bigint, double precision, boolean, timestamptz, text,
    double precision[]. Returns the number of rows.

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

    All rows are laid out at full width; a mask then removes the bytes that a row does not have.
    """
    fields = [_field(column) for column in block]
    width = 2 + sum(4 + field.file_bytes.shape[1] for field in fields)
    rows = np.empty((block.height, width), np.uint8)
    kept: npt.NDArray[np.bool_] | None = None
    rows[:, :2] = _big_endian(np.full(block.height, len(fields)), ">i2")
    start = 2
    for lengths, file_bytes in fields:
        begin, start = start + 4, start + 4 + file_bytes.shape[1]
        rows[:, begin - 4 : begin] = _big_endian(lengths, ">i4")
        rows[:, begin:start] = file_bytes
        if (lengths != file_bytes.shape[1]).any() and file_bytes.shape[1]:
            kept = np.ones(rows.shape, np.bool_) if kept is None else kept
            kept[:, begin:start] = np.arange(file_bytes.shape[1]) < lengths[:, None]
    return rows.tobytes() if kept is None else rows[kept].tobytes()


def _field(column: pl.Series) -> _Field:
    if column.null_count() == len(column):
        return _Field(np.full(len(column), _NULL), np.empty((len(column), 0), np.uint8))
    if column.dtype == pl.String:
        field = _text(column)
    elif column.dtype == pl.List(pl.Float64):
        field = _float_arrays(column)
    else:
        field = _fixed(column)
    if column.null_count():
        field.lengths[column.is_null().to_numpy()] = _NULL
    return field


def _fixed(column: pl.Series) -> _Field:
    wire = _WIRE_TYPES.get(column.dtype.base_type())
    if wire is None:
        raise StopError(f"column {column.name} of type {column.dtype} has no binary COPY form in HYDRA")
    if column.dtype.base_type() is pl.Datetime:
        values = column.dt.epoch("us").fill_null(0).to_numpy() - _POSTGRES_EPOCH_US
    else:
        values = column.fill_null(False if column.dtype == pl.Boolean else 0).to_numpy()
    file_bytes = _big_endian(values, wire)
    return _Field(np.full(len(column), file_bytes.shape[1]), file_bytes)


def _text(column: pl.Series) -> _Field:
    filled = column.fill_null("")
    file_bytes = np.char.encode(filled.to_numpy().astype(np.str_), "utf-8")
    width = file_bytes.dtype.itemsize
    return _Field(
        filled.str.len_bytes().cast(pl.Int64).to_numpy(writable=True),
        file_bytes.view(np.uint8).reshape(len(column), width),
    )


def _float_arrays(column: pl.Series) -> _Field:
    filled = column.fill_null([])
    sizes = filled.list.len().cast(pl.Int64).to_numpy()
    widest = int(sizes.max())
    element = np.dtype([("length", ">i4"), ("value", ">f8")])
    arrays = np.zeros(len(column), np.dtype([*_ARRAY_HEADER, ("elements", element, (widest,))]))
    arrays["dimensions"] = sizes > 0
    arrays["oid"] = _FLOAT8_OID
    arrays["size"], arrays["lower"] = sizes, 1
    arrays["elements"]["length"] = element["value"].itemsize
    arrays["elements"]["value"][np.arange(widest) < sizes[:, None]] = filled.explode().drop_nulls().to_numpy()
    header_bytes = arrays.dtype.itemsize - widest * element.itemsize
    lengths = np.where(sizes > 0, header_bytes + sizes * element.itemsize, _EMPTY_ARRAY_BYTES)
    return _Field(lengths, arrays.view(np.uint8).reshape(len(column), -1))


def _big_endian(values: npt.NDArray[np.generic], wire: str) -> Octets:
    return np.ascontiguousarray(values.astype(wire)).view(np.uint8).reshape(len(values), -1)
