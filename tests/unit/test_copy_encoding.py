"""Binary COPY: the bytes by hand, and any frame read back from its bytes."""

import struct
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.db.copy import BLOCK_ROWS, encoded
from hydra.errors import StopError

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
TIME = pl.Datetime("us", "UTC")
CODES = {pl.Int16: "h", pl.Int32: "i", pl.Int64: "q", pl.Float64: "d", pl.Boolean: "?"}


def test_one_row_is_what_the_manual_of_postgresql_says() -> None:
    frame = pl.DataFrame(
        {"a": [1], "b": [1.5], "c": [datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)], "d": [None], "e": [True]},
        schema={"a": pl.Int16, "b": pl.Float64, "c": TIME, "d": pl.Float64, "e": pl.Boolean},
    )
    row = (
        b"\x00\x05"
        b"\x00\x00\x00\x02\x00\x01"
        b"\x00\x00\x00\x08\x3f\xf8\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x08\x00\x00\x00\x00\x00\x0f\x42\x40"
        b"\xff\xff\xff\xff"
        b"\x00\x00\x00\x01\x01"
    )
    assert b"".join(encoded(frame)) == SIGNATURE + row + END


def test_a_frame_without_rows_is_signature_and_end() -> None:
    assert b"".join(encoded(pl.DataFrame(schema={"a": pl.Int16}))) == SIGNATURE + END


def test_rows_beyond_a_block_follow_in_the_next() -> None:
    frame = pl.DataFrame({"a": pl.int_range(BLOCK_ROWS + 3, eager=True, dtype=pl.Int32)})
    assert len(list(encoded(frame))) == 4
    assert decoded(frame) == frame.rows()


def test_a_type_without_binary_form_is_refused_by_name() -> None:
    with pytest.raises(StopError, match="column a of type Decimal"):
        list(encoded(pl.DataFrame({"a": ["1.5"]}).cast(pl.Decimal(10, 2))))


COLUMNS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "small": (pl.Int16, st.integers(-(2**15), 2**15 - 1)),
    "whole": (pl.Int32, st.integers(-(2**31), 2**31 - 1)),
    "big": (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    "real": (pl.Float64, st.floats(allow_nan=False)),
    "yes": (pl.Boolean, st.booleans()),
    "time": (TIME, st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
}


@settings(max_examples=100)
@given(
    st.lists(
        st.fixed_dictionaries({name: st.none() | values for name, (_, values) in COLUMNS.items()}),
        max_size=20,
    )
)
def test_any_rows_with_nulls_are_read_back_equal(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema={name: kind for name, (kind, _) in COLUMNS.items()})
    assert decoded(frame) == frame.rows()


def decoded(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The rows that PostgreSQL would read, by the format's definition, field by field."""
    file_bytes = b"".join(encoded(frame))
    assert file_bytes.startswith(SIGNATURE)
    assert file_bytes.endswith(END)
    position, rows = len(SIGNATURE), []
    while file_bytes[position : position + 2] != END:
        assert struct.unpack_from(">h", file_bytes, position) == (frame.width,)
        position += 2
        values = []
        for kind in frame.dtypes:
            (length,) = struct.unpack_from(">i", file_bytes, position)
            position += 4
            values.append(None if length < 0 else value_of(kind, file_bytes[position : position + length]))
            position += max(length, 0)
        rows.append(tuple(values))
    assert position == len(file_bytes) - 2
    return rows


def value_of(kind: pl.DataType, field: bytes) -> Any:
    if kind == TIME:
        (microseconds,) = struct.unpack(">q", field)
        since_1970 = microseconds + 946_684_800_000_000
        return pl.Series([since_1970]).cast(TIME)[0]
    (value,) = struct.unpack(f">{CODES[kind.base_type()]}", field)
    return value
