"""The rules for rows of history files, and what happens to a row that breaks one.

A rule is a reason in words and an expression that is true where the row breaks it. The first broken rule
counts; the row is quarantined with its line and content, the other rows continue.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.contents import FAULT, LINE

TIME_TYPE: Final = pl.Datetime("us", "UTC")
REASON: Final = "reason"

_MICROSECONDS_FROM: Final = 10**14
"""An epoch above this is microseconds: as milliseconds it would lie in the year 5138."""
EARLIEST: Final = datetime(2017, 1, 1, tzinfo=UTC)
"""When the exchange began."""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Later instants are no times, but numbers that would leave the range of a time when anything is added."""
_LAST_MICROSECOND: Final = 4_102_444_800_000_000
_CHEAPEST_USD: Final = 1e-9
_DEAREST_USD: Final = 1e9
_LARGEST: Final = 1e15
"""No quantity or value of a market reaches it; sums of larger numbers would leave the range of a column."""


@dataclass(frozen=True)
class Rule:
    """`broken` is true where a row must be refused; null counts as not broken.

    contradicts_file: if most rows break it, the file is not what its name says.
    """

    reason: str
    broken: pl.Expr
    contradicts_file: bool = False


@dataclass(frozen=True)
class SplitRows:
    """Rows that keep all rules, sorted by time, and the rest as (line, reason, raw).

    repeated: identical duplicates.
    """

    kept: pl.DataFrame
    rejected: pl.DataFrame
    repeated: int


def number(name: str) -> pl.Expr:
    """The column as Float64: text that is no number becomes null (see `unreadable`)."""
    return pl.col(name).cast(pl.Float64, strict=False)


def unreadable(name: str) -> Rule:
    """A value that is not a finite number."""
    parsed = number(name)
    return Rule(
        f"{name} is not a number", pl.col(name).is_not_null() & (parsed.is_null() | ~parsed.is_finite())
    )


def utc_instant(frame: pl.DataFrame, name: str) -> pl.Expr:
    """The column as a UTC time: a time already, or milliseconds or microseconds since 1970.

    The size of the number tells the two apart. Any other text is null.
    """
    if frame.schema[name] in (pl.Datetime, pl.Date):
        return possible_instant(pl.col(name))
    raw = pl.col(name).cast(pl.Int64, strict=False)
    positive_raw = pl.when(raw >= 0).then(raw)
    microseconds = pl.when(raw >= _MICROSECONDS_FROM).then(raw).otherwise(positive_raw * 1000)
    possible = pl.when(microseconds.is_between(0, _LAST_MICROSECOND)).then(microseconds)
    return pl.from_epoch(possible, time_unit="us").dt.replace_time_zone("UTC").cast(TIME_TYPE)


def possible_instant(times: pl.Expr) -> pl.Expr:
    """Times of any unit in UTC; null where they lie before 1970 or after LATEST."""
    instants = times.cast(TIME_TYPE, strict=False)
    return pl.when(instants.to_physical().is_between(0, _LAST_MICROSECOND)).then(instants)


def positive(name: str) -> Rule:
    """A price or quantity must be present and above zero."""
    value = number(name)
    return Rule(f"{name} is not above zero", value.is_null() | (value <= 0))


def possible_price(name: str) -> Rule:
    """A price, if present, must be one that a market can print."""
    inside = number(name).is_between(_CHEAPEST_USD, _DEAREST_USD)
    return Rule(f"{name} is no price from {_CHEAPEST_USD:.9f} to {_DEAREST_USD:,.0f} USDT", ~inside)


def possible_size(name: str) -> Rule:
    """A quantity or value, if present, must be one that a market can have."""
    return Rule(f"{name} is {_LARGEST:,.0f} or more", number(name) >= _LARGEST)


def not_negative(name: str) -> Rule:
    """A quantity, if present, must not be negative."""
    return Rule(f"{name} is negative", number(name) < 0)


def present(name: str) -> Rule:
    """The value must be present."""
    return Rule(f"{name} is missing", number(name).is_null())


def possible_time(ends: pl.Expr, now: datetime) -> tuple[Rule, ...]:
    """`time` must be a time after the exchange began, and its period must have ended by `now`."""
    return (
        Rule("time is not a time", pl.col("time").is_null()),
        Rule("time lies before 2017, when the exchange began", pl.col("time") < pl.lit(EARLIEST, TIME_TYPE)),
        Rule("time lies in the future", ends > pl.lit(now, TIME_TYPE)),
    )


def split_by_rules(  # what a file's rows are split by
    path: Path,
    frame: pl.DataFrame,
    rules: Sequence[Rule],
    raw: Sequence[str],
    values: Sequence[str],
    key: Sequence[str] = ("time",),
) -> SplitRows:
    """Split `frame` by `rules`, then by repeated `key`.

    raw: the columns as they came, stored with a refused row. values: the numbers that a row states; equal
    rows of one key count as repeated, a row with other values is refused.

    Raises:
        BadDataError: most rows break a rule with contradicts_file.
    """
    broken = pl.coalesce(pl.col(FAULT), *(pl.when(rule.broken).then(pl.lit(rule.reason)) for rule in rules))
    marked = frame.with_columns(broken.alias(REASON))
    refused = marked.filter(pl.col(REASON).is_not_null())
    _refuse_contradiction(path, refused[REASON], rules, frame.height)
    kept = marked.filter(pl.col(REASON).is_null())
    repeated = 0
    if kept.n_unique(list(key)) != kept.height:
        distinct = _distinct(kept, key, values)
        repeated = kept.height - distinct.height
        kept = distinct.unique(key, keep="first", maintain_order=True)
        others = distinct.join(kept.select(LINE), on=LINE, how="anti")
        reason = pl.lit("a second row for this time with other values").alias(REASON)
        refused = pl.concat([refused, others.with_columns(reason)])
    return SplitRows(kept.sort("time"), _as_rejected(refused, raw), repeated)


def _refuse_contradiction(path: Path, reasons: pl.Series, rules: Sequence[Rule], height: int) -> None:
    counts = Counter(reasons)
    for rule in rules:
        if rule.contradicts_file and counts[rule.reason] * 2 > height:
            raise BadDataError(
                f"{path}: {rule.reason} in {counts[rule.reason]:,} of {height:,} rows: the file is not what "
                "its name and folder say; put it where it belongs or download it again"
            )


def _distinct(rows: pl.DataFrame, key: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    stated = pl.struct(number(name) for name in values).alias("stated")
    return rows.with_columns(stated).unique([*key, "stated"], keep="first", maintain_order=True)[rows.columns]


def _as_rejected(rows: pl.DataFrame, raw: Sequence[str]) -> pl.DataFrame:
    # A zero character in text is legal in Parquet, not in the database's JSON.
    texts = (_as_text(rows, name).str.replace_all("\x00", "\\0", literal=True) for name in raw)
    return rows.select(LINE, REASON, pl.struct(texts).struct.json_encode().alias("raw")).sort(LINE)


def _as_text(rows: pl.DataFrame, name: str) -> pl.Expr:
    """The column as text; a time that no calendar has, which polars panics on, as its number."""
    column = pl.col(name)
    if rows.schema[name] not in (pl.Datetime, pl.Date):
        return column.cast(pl.String)
    return pl.coalesce(possible_instant(column).cast(pl.String), column.to_physical().cast(pl.String)).alias(
        name
    )
