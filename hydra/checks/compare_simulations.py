"""Compares two simulations that must decide alike: every value up to a minute.

Source: docs/features.md, "Acceptance" (2, 3 and 5).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.backtest.equity_path import EquityPath, equity_path
from hydra.backtest.simulation import Simulation
from hydra.backtest.verdict_counts import decision_reasons
from hydra.checks.comparer import (
    A_ROW,
    KEY,
    CheckResult,
    Mismatch,
    compare_arrays,
    compare_rows,
    frame_mismatches,
)
from hydra.checks.varied_markets import decision_instant
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import decision_row
from hydra.trading.pair_state import Order
from hydra.trading.row_writer import Row

_NOT_COMPARED: Final = frozenset({"reason", "kill_reason", "run_id", "order_id", "position_id"})


def compare_columns(
    result: CheckResult, one: Simulation, other: Simulation, rows: range, shift: int = 0
) -> None:
    """Layers 2 and 3 at the minutes `rows` of `one`; those of `other` lie `shift` rows before."""
    market = one.prepared.market
    mine, theirs = slice(rows.start, rows.stop), slice(rows.start - shift, rows.stop - shift)
    place = _places(one, rows)
    for name in ("tradability", "reason", "entries_allowed", "regime", "volatility_regime", "key"):
        both = getattr(one.columns, name)[mine], getattr(other.columns, name)[theirs]
        compare_arrays(result, name, both, place)
    for name, values in one.columns.numbers.items():
        compare_arrays(result, name, (values[mine], other.columns.numbers[name][theirs]), place)
    span = decision_instant(market, rows.start), decision_instant(market, rows.stop - 1)
    inside = pl.col("time").is_between(*span)
    _compare_signals(result, one.columns.scored.filter(inside), other.columns.scored.filter(inside))


def compare_paths(result: CheckResult, one: Simulation, other: Simulation, row: int) -> None:
    """Layer 4, orders, fills, positions and equity up to the minute `row`."""
    place, time_of = _places(one, range(row + 1)), one.prepared.market.time_of
    answers = [decision_reasons(side.columns, side.log) for side in (one, other)]
    for number, name in enumerate(("layer 4: reason", "layer 4: approved")):
        compare_arrays(result, name, [answer[number][: row + 1] for answer in answers], place)
    compare_rows(result, "decision", _decisions(one, row), _decisions(other, row), _NOT_COMPARED)
    late = _known_later(one, row) | _known_later(other, row)
    for name, mine in _trade_rows(one, row, late).items():
        compare_rows(result, name, mine, _trade_rows(other, row, late)[name], _NOT_COMPARED)
    equity = [equity_path(side.prepared.market, side.log) for side in (one, other)]
    for item in fields(EquityPath):
        if item.name != "minutes":
            values = [getattr(side, item.name)[: row + 1, None] for side in equity]
            compare_arrays(result, item.name, values, lambda at, _column: (None, time_of(at)))


def _places(simulation: Simulation, rows: range) -> Callable[[int, int], tuple[int | None, datetime]]:
    """Instrument and time of an element of (minutes, pairs), or of (minutes, 1) of the whole portfolio."""
    market = simulation.prepared.market

    def place(row: int, column: int) -> tuple[int | None, datetime]:
        return market.instrument_ids[column], market.time_of(rows.start + row)

    return place


def _compare_signals(result: CheckResult, one: pl.DataFrame, other: pl.DataFrame) -> None:
    key = [*KEY, "source"]
    for here, there, order in ((one, other, (A_ROW, None)), (other, one, (None, A_ROW))):
        for missing in here.join(there, on=key, how="anti").iter_rows(named=True):
            result.note(Mismatch("signal", missing["instrument_id"], missing["time"], *order))
    both = [
        mine.join(theirs.select(key), on=key, how="semi").sort(key)
        for mine, theirs in ((one, other), (other, one))
    ]
    result.compared += both[0].height * (one.width - len(key))
    for mismatch in frame_mismatches(both[0], both[1]):
        result.note(replace(mismatch, value=f"signal: {mismatch.value}"))


def _decisions(simulation: Simulation, row: int) -> dict[tuple[object, ...], Row]:
    market, latches = simulation.prepared.market, simulation.log.kills
    kills = {(one.row, one.column): one.kill for one in latches}
    found: dict[tuple[object, ...], Row] = {}
    for pair_minute, verdict in simulation.log.verdicts.items():
        if pair_minute[0] <= row:
            time = market.time_of(pair_minute[0])
            cycle = Cycle(0, time, decision_instant(market, pair_minute[0]))
            found[pair_minute] = decision_row(cycle, verdict, kills.get(pair_minute))
    return found


def _trade_rows(
    simulation: Simulation, row: int, late: set[tuple[int, datetime]]
) -> Mapping[str, dict[tuple[object, ...], Row]]:
    """Orders and what happened up to a minute, under keys that do not depend on what happens later."""
    journal = simulation.log.journal
    orders = {one.order_id: one for one in journal.orders}
    positions = {one.position_id: one for one in journal.positions}
    last = simulation.prepared.market.time_of(row)

    def known(rows: Iterator[tuple[tuple[object, ...], int, Row]]) -> dict[tuple[object, ...], Row]:
        return {
            key: {**one, "instrument_id": pair}
            for key, pair, one in rows
            if one["time"] <= last and (pair, one["time"]) not in late
        }

    sent = (((one.client_order_id,), one.instrument_id, _as_sent(one)) for one in journal.orders)
    states = _of_orders(journal.order_events, orders, "sequence")
    fills = _of_orders(journal.fills, orders, "trade_id")
    events = (
        (
            (owner.instrument_id, owner.decision_time, one["sequence"]),
            owner.instrument_id,
            one,
        )
        for one in journal.position_events
        for owner in (positions[one["position_id"]],)
    )
    return {
        "order": known(sent),
        "order event": known(states),
        "fill": known(fills),
        "position event": known(events),
    }


def _of_orders(
    rows: list[Row], orders: Mapping[int | None, Order], number: str
) -> Iterator[tuple[tuple[object, ...], int, Row]]:
    for one in rows:
        owner = orders[one["order_id"]]
        yield (owner.client_order_id, one[number]), owner.instrument_id, one


def _as_sent(order: Order) -> Row:
    """An order as it was sent; its state changes later."""
    names = ("decision_time", "role", "order_type", "is_buy", "quantity", "reference_price", "limit_price")
    return {
        "time": order.placed_time,
        "trigger_price": order.trigger_price,
        **{name: getattr(order, name) for name in names},
    }


def _known_later(simulation: Simulation, row: int) -> set[tuple[int, datetime]]:
    """(pair, instant) of late bars and settlements of the time to minute `row`, known only later."""
    bars, last = simulation.prepared.bars, simulation.prepared.market.time_of(row)
    late = {
        (bar.instrument_id, bar.end)
        for (at, _), several in bars.irregular.items()
        if at > row
        for bar in several
        if bar.end <= last + timedelta(minutes=1)
    }
    due = {
        (one.instrument_id, one.time)
        for (at, _), several in bars.settlements.items()
        if at > row
        for one in several
        if one.time <= last
    }
    return late | due
