"""Two simulations of markets that have to decide alike: every value of theirs up to a minute, compared.

Verdicts, orders and money have to be equal, numbers of layers 2 and 3 within 1e-9.
Source: features.md section 0, acceptance (2), (3) and (5).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.backtest.equity_path import EquityPath, equity_path
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import Simulation
from hydra.backtest.verdict_counts import decision_reasons
from hydra.checks.feature_lookahead import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from hydra.checks.parity import same
from hydra.checks.varied_markets import decision_instant
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import decision_row
from hydra.trading.pair_state import Order
from hydra.trading.row_writer import Row

_MOST_KEPT: Final = 50
_WORDS: Final = frozenset({"reason", "kill_reason", "run_id", "order_id", "position_id"})

Rows = dict[tuple[object, ...], Row]


@dataclass(frozen=True)
class Offence:
    """A value that differs. time: the minute or instant it belongs to; instrument_id None: of no pair."""

    value: str
    instrument_id: int | None
    time: datetime
    expected: object
    found: object


@dataclass
class CheckResult:
    """How much one check compared when one thing was varied, and what differed: the number, and the first."""

    check: str
    varied: str
    compared: int = 0
    offences: int = 0
    first: list[Offence] = field(default_factory=list)

    def note(self, offence: Offence) -> None:
        """Count an offence; the first ones are kept to be shown."""
        self.offences += 1
        if len(self.first) < _MOST_KEPT:
            self.first.append(offence)


class Tallies:
    """One result a check and varied thing, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], CheckResult] = {}

    def of(self, check: str, varied: str) -> CheckResult:
        """The result of `check` when `varied` was."""
        return self._tallies.setdefault((check, varied), CheckResult(check, varied))

    def all(self) -> list[CheckResult]:
        """Every result."""
        return list(self._tallies.values())


def compare_columns(
    result: CheckResult, one: Simulation, other: Simulation, rows: range, shift: int = 0
) -> None:
    """Layers 2 and 3 at the minutes `rows` of `one`; those of `other` lie `shift` rows before."""
    market = one.prepared.market
    mine, theirs = slice(rows.start, rows.stop), slice(rows.start - shift, rows.stop - shift)
    for name in ("tradability", "reason", "entries_allowed", "regime", "volatility_regime", "key"):
        pair = getattr(one.columns, name)[mine], getattr(other.columns, name)[theirs]
        _compare_arrays(result, market, rows, name, *pair)
    for name, values in one.columns.numbers.items():
        _compare_arrays(result, market, rows, name, values[mine], other.columns.numbers[name][theirs])
    span = decision_instant(market, rows.start), decision_instant(market, rows.stop - 1)
    inside = pl.col("time").is_between(*span)
    _compare_signals(result, one.columns.judged.filter(inside), other.columns.judged.filter(inside))


def compare_paths(result: CheckResult, one: Simulation, other: Simulation, row: int) -> None:
    """Layer 4, orders, fills, positions and equity up to the minute `row`."""
    market = one.prepared.market
    answers = [decision_reasons(side.columns, side.log) for side in (one, other)]
    for place, name in enumerate(("layer 4: reason", "layer 4: approved")):
        pair = [answer[place][: row + 1] for answer in answers]
        _compare_arrays(result, market, range(row + 1), name, pair[0], pair[1])
    _compare_rows(result, _decisions(one, row), _decisions(other, row))
    late = _known_later(one, row) | _known_later(other, row)
    for name, mine in _trade_rows(one, row, late).items():
        _compare_rows(result, mine, _trade_rows(other, row, late)[name])
    equity = [equity_path(side.prepared.market, side.log) for side in (one, other)]
    for item in fields(EquityPath):
        if item.name != "minutes":
            values = [getattr(side, item.name)[: row + 1, None] for side in equity]
            _compare_arrays(result, market, range(row + 1), item.name, values[0], values[1])


def _compare_arrays(
    result: CheckResult,
    market: BacktestMarket,
    rows: range,
    name: str,
    one: NDArray[Any],
    other: NDArray[Any],
) -> None:
    """Elements of (minutes, pairs), or (minutes, 1) of the whole portfolio."""
    result.compared += one.size
    if one.dtype.kind == "f":
        equal = np.isclose(one, other, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True)
    else:
        equal = one == other
    for row, column in np.argwhere(~equal):
        pair = market.instrument_ids[column] if one.shape[1] == len(market.instrument_ids) else None
        found = one[row, column].item(), other[row, column].item()
        result.note(Offence(name, pair, market.time_of(rows.start + int(row)), *found))


def _compare_signals(result: CheckResult, one: pl.DataFrame, other: pl.DataFrame) -> None:
    key = ["instrument_id", "time", "source"]
    for here, there, order in ((one, other, ("a signal", None)), (other, one, (None, "a signal"))):
        for missing in here.join(there, on=key, how="anti").iter_rows(named=True):
            result.note(Offence("signal", missing["instrument_id"], missing["time"], *order))
    both = one.join(other, on=key, how="inner", suffix="_other").sort(key)
    for name in (name for name in one.columns if name not in key):
        mine, theirs = both[name], both[f"{name}_other"]
        result.compared += both.height
        for place in _unequal(mine, theirs):
            cell = both["instrument_id"][place], both["time"][place]
            result.note(Offence(f"signal: {name}", *cell, mine[place], theirs[place]))


def _unequal(one: pl.Series, other: pl.Series) -> list[int]:
    if not one.dtype.is_float():
        return (~one.eq_missing(other)).arg_true().to_list()
    equal = np.isclose(
        one.fill_null(np.nan).to_numpy(),
        other.fill_null(np.nan).to_numpy(),
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE,
        equal_nan=True,
    )
    places: list[int] = np.flatnonzero(~equal).tolist()
    return places


def _compare_rows(result: CheckResult, one: Rows, other: Rows) -> None:
    for key in one.keys() | other.keys():
        mine, theirs = one.get(key), other.get(key)
        table, pair, time = _place(key, mine or theirs or {})
        if mine is None or theirs is None:
            result.note(Offence(table, pair, time, mine and "a row", theirs and "a row"))
            continue
        compared = [name for name in mine if name not in _WORDS]
        result.compared += len(compared)
        for name in compared:
            if not same(_plain(mine[name]), _plain(theirs[name])):
                result.note(Offence(f"{table}: {name}", pair, time, mine[name], theirs[name]))


def _plain(value: object) -> object:
    """`value` with null where a number is not one: two unknowns are alike."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _place(key: tuple[object, ...], row: Row) -> tuple[str, int | None, datetime]:
    return str(key[0]), row.get("instrument_id"), row["time"]


def _decisions(simulation: Simulation, row: int) -> Rows:
    market, latches = simulation.prepared.market, simulation.log.kills
    kills = {(one.row, one.column): one.kill for one in latches}
    found: Rows = {}
    for cell, verdict in simulation.log.verdicts.items():
        if cell[0] <= row:
            time = market.time_of(cell[0])
            cycle = Cycle(0, time, decision_instant(market, cell[0]))
            found["decision", *cell] = decision_row(cycle, verdict, kills.get(cell))
    return found


def _trade_rows(simulation: Simulation, row: int, late: set[tuple[int, datetime]]) -> Mapping[str, Rows]:
    """Orders and what happened up to a minute, under keys that do not depend on what happens later."""
    journal = simulation.log.journal
    orders = {one.order_id: one for one in journal.orders}
    positions = {one.position_id: one for one in journal.positions}
    last = simulation.prepared.market.time_of(row)

    def known(rows: Iterator[tuple[tuple[object, ...], int, Row]]) -> Rows:
        return {
            key: {**one, "instrument_id": pair}
            for key, pair, one in rows
            if one["time"] <= last and (pair, one["time"]) not in late
        }

    sent = ((("order", one.client_order_id), one.instrument_id, _as_sent(one)) for one in journal.orders)
    states = _of_orders("order event", journal.order_events, orders, "sequence")
    fills = _of_orders("fill", journal.fills, orders, "trade_id")
    events = (
        (
            ("position event", owner.instrument_id, owner.decision_time, one["sequence"]),
            owner.instrument_id,
            one,
        )
        for one in journal.position_events
        for owner in (positions[one["position_id"]],)
    )
    return {
        "orders": known(sent),
        "states": known(states),
        "fills": known(fills),
        "events": known(events),
    }


def _of_orders(
    table: str, rows: list[Row], orders: Mapping[int | None, Order], number: str
) -> Iterator[tuple[tuple[object, ...], int, Row]]:
    for one in rows:
        owner = orders[one["order_id"]]
        yield (table, owner.client_order_id, one[number]), owner.instrument_id, one


def _as_sent(order: Order) -> Row:
    """What an order said when it was sent: its state changes later."""
    names = ("decision_time", "role", "order_type", "is_buy", "quantity", "reference_price", "limit_price")
    return {
        "time": order.placed_time,
        "trigger_price": order.trigger_price,
        **{name: getattr(order, name) for name in names},
    }


def _known_later(simulation: Simulation, row: int) -> set[tuple[int, datetime]]:
    """(pair, instant) of what happened by the minute `row` but is played after it: late bars, settlements."""
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
