"""Rows of an exchange's answer as a frame, each value checked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from hydra.errors import BadDataError
from hydra.outside_text import shown

TIME: Final = pl.Datetime("us", "UTC")

Column = tuple[int | str, pl.DataType]
"""Where a value stands in a row (position or key), and its type; TIME from milliseconds since 1970."""


def frame_of(what: str, rows: Any, columns: Mapping[str, Column]) -> pl.DataFrame:
    """`rows` as the columns; an empty text is null.

    Raises:
        BadDataError: `rows` is no list of such rows; names `what` and the column.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise BadDataError(f"{what}: the answer is no list ({shown(str(rows))[:100]})")
    return pl.DataFrame([_series(what, rows, name, column) for name, column in columns.items()])


def _series(what: str, rows: Sequence[Any], name: str, column: Column) -> pl.Series:
    place, dtype = column
    try:
        values = [row[place] for row in rows]
        if dtype == pl.Boolean:
            return pl.Series(name, values, pl.Boolean)
        text = pl.Series(name, [_text(value) for value in values], pl.String)
        series = _timed(text) if dtype == TIME else text.cast(dtype)
    except (KeyError, IndexError, TypeError, pl.exceptions.PolarsError) as error:
        raise _bad(what, name, str(error)) from None
    if dtype.is_float() and not series.drop_nulls().is_finite().all():
        raise _bad(what, name, "a number is not finite")
    return series


def _bad(what: str, name: str, reason: str) -> BadDataError:
    return BadDataError(f"{what}: {name} is missing or wrong in the answer ({shown(reason)[:100]})")


def _text(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


def _timed(milliseconds: pl.Series) -> pl.Series:
    return (milliseconds.cast(pl.Int64) * 1_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
