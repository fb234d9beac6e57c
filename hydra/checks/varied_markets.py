"""Markets that differ from a given one only in facts unknown at an instant, or only in facts known then.

A decision at the instant must not change in the first kind, a later outcome not in the second.
Source: docs/features.md, "Acceptance" (2 and 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.market import BacktestMarket, epoch_minute
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.features.facts import LAYER_SOURCES

MARKS: Final = "mark_prices"
FUNDING_MARKS: Final = "funding_marks"
NEWS: Final = "news"
TABLES: Final = (*LAYER_SOURCES, MARKS, FUNDING_MARKS)
"""Every table that a decision or a fill may read; beside them the stored news views, where there are any."""

TRUNCATION: Final = "truncation"
FUTURE_SHOCK: Final = "future shock"
FIRST_FACT: Final = "next fact alone"
OPEN_BAR: Final = "open bar alone"
ALL_TABLES: Final = "all tables"

_MINUTES_AHEAD: Final = 120
"""How many minutes after the instant are decided too, to catch rules that read the next row."""

_KNOWN: Final = "_known"
_BARS: Final = {"candles_1m": "1m", "candles_5m": "5m"}
_SHOCK: Final = 1.37
_COUNTS: Final = frozenset({"interval_hours", "row_count"})


@dataclass(frozen=True)
class VariedMarket:
    """A market of which `table` was changed as `check` says."""

    check: str
    table: str
    market: BacktestMarket


def variations(market: BacktestMarket, instant: datetime) -> Iterator[VariedMarket]:
    """Every market that must decide like `market` up to `instant`.

    All later facts are cut off; then, table by table, all of them are changed, then only the next fact of
    each pair, and for candles only the one still open (late ones may come before it). A table without later
    facts is left out. Checks of a table that change the same rows follow each other with the same market.
    """
    near = _near(market, instant)
    yield VariedMarket(TRUNCATION, ALL_TABLES, cut_after(near, instant))
    for table in _tables(market):
        known_at = _with_known_at(near, table)
        changed, varied = pl.Series(), near
        for check, which in _changes(table, known_at, instant):
            if not changed.equals(which):
                changed, varied = which, _shocked(near, table, known_at, which)
            yield VariedMarket(check, table, varied)


def cut_after(market: BacktestMarket, instant: datetime) -> BacktestMarket:
    """`market` as it was known at `instant`."""
    tables = {
        name: _with_known_at(market, name).filter(pl.col(_KNOWN) <= _at(instant)).drop(_KNOWN)
        for name in _tables(market)
    }
    return _with_tables(market, tables)


def cut_until(market: BacktestMarket, instant: datetime) -> BacktestMarket:
    """`market` with only what became known after `instant`."""
    tables = {
        name: _with_known_at(market, name).filter(pl.col(_KNOWN) > _at(instant)).drop(_KNOWN)
        for name in _tables(market)
    }
    return _with_tables(market, tables)


def _tables(market: BacktestMarket) -> tuple[str, ...]:
    return TABLES if market.news is None else (*TABLES, NEWS)


def _changes(table: str, known_at: pl.DataFrame, instant: datetime) -> Iterator[tuple[str, pl.Series]]:
    """The checks of a table, and which of its rows each changes; none if nothing becomes known later."""
    later = pl.col(_KNOWN) > _at(instant)
    first = later & (pl.col(_KNOWN) == _first_later(instant))
    checks = {FUTURE_SHOCK: later, FIRST_FACT: first}
    if table in _BARS:
        is_open = later & (pl.col("time").dt.offset_by(_BARS[table]) > _at(instant))
        checks[OPEN_BAR] = is_open & (pl.col("time") <= _at(instant))
    rows = known_at.select(**checks)
    if rows[FUTURE_SHOCK].any():
        yield from zip(rows.columns, rows.iter_columns(), strict=True)


def _near(market: BacktestMarket, instant: datetime) -> BacktestMarket:
    last = epoch_minute(instant) + _MINUTES_AHEAD
    return replace(market, minutes=market.minutes[market.minutes <= last])


def _first_later(instant: datetime) -> pl.Expr:
    """When the first fact of the row's pair after `instant` becomes known."""
    later = pl.when(pl.col(_KNOWN) > _at(instant)).then(pl.col(_KNOWN))
    return later.min().over("instrument_id")


def _shocked(market: BacktestMarket, table: str, known_at: pl.DataFrame, which: pl.Series) -> BacktestMarket:
    marked = known_at.with_columns(which.alias("_which"))
    return _with_tables(market, {table: shocked_rows(marked, pl.col("_which")).drop(_KNOWN, "_which")})


def _table(market: BacktestMarket, name: str) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(market.facts if name in LAYER_SOURCES else market, name)
    return frame


def _with_tables(market: BacktestMarket, tables: dict[str, pl.DataFrame]) -> BacktestMarket:
    changed = {name: frame for name, frame in tables.items() if name in LAYER_SOURCES}
    facts = replace(market.facts, **changed) if changed else market.facts
    others = {name: frame for name, frame in tables.items() if name not in LAYER_SOURCES}
    return replace(market, facts=facts, **others)  # type: ignore[arg-type]


def _with_known_at(market: BacktestMarket, name: str) -> pl.DataFrame:
    """A table with the known_at of each row: a settlement's mark is known with its rate."""
    frame = _table(market, name)
    if name != FUNDING_MARKS:
        return frame.with_columns(pl.col("known_at").alias(_KNOWN))
    rates = market.facts.funding_rates.select("instrument_id", "time", pl.col("known_at").alias(_KNOWN))
    own = frame.join(rates, on=["instrument_id", "time"], how="left", maintain_order="left")
    return own.with_columns(pl.coalesce(_KNOWN, "time").alias(_KNOWN))


def _at(instant: datetime) -> pl.Expr:
    return pl.lit(instant, dtype=TIME)


def decision_instant(market: BacktestMarket, row: int) -> datetime:
    """When the minute at `row` is decided."""
    return market.time_of(row) + DECISION_DELAY


def shocked_rows(frame: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """`frame` with every number changed, and every side and flag reversed, in the rows `which`.

    Rows without anything to change (news views) are removed.
    """
    changes = [
        pl.when(which).then(_changed(name, kind)).otherwise(pl.col(name)).alias(name)
        for name, kind in frame.drop("_which", strict=False).schema.items()
        if kind in (pl.Float64, pl.Boolean) or name in _COUNTS or name == "side"
    ]
    return frame.with_columns(changes) if changes else frame.filter(~which)


def _changed(name: str, kind: pl.DataType) -> pl.Expr:
    if name == "side":
        return pl.when(pl.col("side") == "LONG").then(pl.lit("SHORT")).otherwise(pl.lit("LONG"))
    if kind == pl.Boolean:
        return ~pl.col(name)
    return (pl.col(name) // 2).cast(kind) if name in _COUNTS else pl.col(name) * _SHOCK
