"""The rules that a row of history must keep, and what happens to one that does not.

A rule is a reason in words and the expression that is true where the row breaks it. The first broken rule
counts; a row that breaks one is quarantined with its line and content, the others go on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import LINE

TIME_TYPE: Final = pl.Datetime("us", "UTC")
REASON: Final = "reason"

_MICROSECONDS_FROM: Final = 10**14
"""An epoch above this is microseconds: as milliseconds it would lie in the year 5138."""


@dataclass(frozen=True)
class Rule:
    """`broken` is true where a row must not come in; null counts as kept."""

    reason: str
    broken: pl.Expr


@dataclass(frozen=True)
class Judged:
    """Rows that keep all rules, and the rest as (line, reason, raw)."""

    kept: pl.DataFrame
    rejected: pl.DataFrame
    repeated: int


def number(name: str) -> pl.Expr:
    """The column as Float64: text that is no number becomes null (see `unreadable`), "" is null."""
    return pl.col(name).cast(pl.Float64, strict=False)


def unreadable(name: str) -> Rule:
    """Text that is neither empty nor a number, or a number that is not finite."""
    text = pl.col(name).cast(pl.String).str.strip_chars()
    parsed = text.cast(pl.Float64, strict=False)
    is_empty = text.is_null() | (text == "")
    return Rule(f"{name} is not a number", ~is_empty & (parsed.is_null() | ~parsed.is_finite()))


def epoch_time(name: str) -> pl.Expr:
    """Milliseconds or microseconds since 1970, told apart by their size, as a UTC time."""
    raw = pl.col(name).cast(pl.Int64, strict=False)
    microseconds = pl.when(raw >= _MICROSECONDS_FROM).then(raw).otherwise(raw * 1000)
    return pl.from_epoch(microseconds, time_unit="us").dt.replace_time_zone("UTC").cast(TIME_TYPE)


def not_positive(name: str) -> Rule:
    """A price must be there and above zero."""
    value = number(name)
    return Rule(f"{name} is not above zero", value.is_null() | (value <= 0))


def negative(name: str) -> Rule:
    """A quantity, where it is there, must not be negative."""
    return Rule(f"{name} is negative", number(name) < 0)


def absent(name: str) -> Rule:
    """A value that must be there."""
    return Rule(f"{name} is missing", number(name).is_null())


def price_bar() -> tuple[Rule, ...]:
    """What the four prices of a bar must keep."""
    prices = ("open", "high", "low", "close")
    high, low = number("high"), number("low")
    outside = (
        (number("open") > high) | (number("open") < low) | (number("close") > high) | (number("close") < low)
    )
    return (
        *(unreadable(name) for name in prices),
        *(not_positive(name) for name in prices),
        Rule("high below low", high < low),
        Rule("open or close outside of high and low", outside),
    )


def on_grid(minutes: int, now: datetime) -> tuple[Rule, ...]:
    """`time` must lie on the grid of `minutes`, and the bar must have ended by `now`."""
    time = pl.col("time")
    ends = time + pl.duration(minutes=minutes)
    return (
        Rule("time is not a time", time.is_null()),
        Rule(f"time is off the grid of {minutes} min", time != time.dt.truncate(f"{minutes}m")),
        Rule("time lies in the future", ends > pl.lit(now, dtype=TIME_TYPE)),
    )


def judge(frame: pl.DataFrame, rules: tuple[Rule, ...], raw_columns: tuple[str, ...]) -> Judged:
    """Split `frame` by `rules`, then by repeated `time`: equal repeats are dropped, others rejected."""
    broken = pl.coalesce([pl.when(rule.broken).then(pl.lit(rule.reason)) for rule in rules])
    marked = frame.with_columns(broken.alias(REASON))
    rejected = [marked.filter(pl.col(REASON).is_not_null())]
    kept = marked.filter(pl.col(REASON).is_null()).drop(REASON)
    repeated = 0
    if kept["time"].n_unique() != kept.height:
        contents = [name for name in kept.columns if name != LINE]
        distinct = kept.unique(contents, keep="first", maintain_order=True)
        repeated = kept.height - distinct.height
        first = distinct.unique("time", keep="first", maintain_order=True)
        others = distinct.join(first.select(LINE), on=LINE, how="anti")
        reason = pl.lit("a second row for this time with other values").alias(REASON)
        rejected.append(others.with_columns(reason))
        kept = first
    return Judged(kept.sort("time"), _as_rejected(pl.concat(rejected), raw_columns), repeated)


def _as_rejected(rows: pl.DataFrame, raw_columns: tuple[str, ...]) -> pl.DataFrame:
    raw = pl.struct(pl.col(name).cast(pl.String) for name in raw_columns).struct.json_encode()
    return rows.select(LINE, REASON, raw.alias("raw")).sort(LINE)
