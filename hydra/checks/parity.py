"""Parity: a past run decided again as a backtest, row by row against what was recorded then.

Every column of every row is compared, but for wall clocks, keys that the database gives, and words (which
are written from the numbers). Codes, sizes, prices and money have to be equal, features within 1e-9; the
equity, which a backtest books to eight decimals, within 1e-8 USDT.
Source: features.md section 0, acceptance (5); DESIGN, law 2; anchors.md, threads 3 and 8.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from hydra.backtest.adaptive_thresholds import with_own_thresholds
from hydra.backtest.equity_path import E8, EquityPath, equity_path
from hydra.backtest.market import MINUTE, BacktestMarket, instant_of, read_market
from hydra.backtest.persisted import StoredRows, persisted_pair_minutes
from hydra.backtest.rows import CellRowMaker, CellRows
from hydra.backtest.simulation import Simulation, Stopwatch, prepare, simulate
from hydra.checks.feature_lookahead import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from hydra.db import queries
from hydra.errors import StopError
from hydra.trading.holding_rows import order_row, position_row
from hydra.trading.parameters import rules_of_run
from hydra.trading.row_writer import Row
from hydra.trading.runs import Run

Key = tuple[object, ...]

MOST_SHOWN: Final = 20


@dataclass(frozen=True)
class Difference:
    """One value that differs, or a row (column None) that only one of the two has."""

    table: str
    key: Key
    column: str | None
    recorded: object
    recomputed: object


@dataclass
class TableParity:
    """How many rows of a table were compared, and what differed."""

    table: str
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class _Comparison:
    """How rows of one table are matched and compared."""

    table: str
    query: str
    key: tuple[str, ...]
    absolute: float = 0.0


_CELL: Final = ("instrument_id", "time")
_OF_CELLS: Final = {
    "assessments": _Comparison("assessments", "backtest/live_assessments", _CELL),
    "features": _Comparison("features", "backtest/live_features", _CELL),
    "signals": _Comparison("signals", "backtest/live_signals", (*_CELL, "source")),
    "decisions": _Comparison("risk_decisions", "backtest/live_decisions", _CELL),
}
_ORDERS: Final = _Comparison("orders", "backtest/live_orders", ("client_order_id",))
_ORDER_EVENTS: Final = _Comparison(
    "order_events", "backtest/live_order_events", ("client_order_id", "sequence")
)
_FILLS: Final = _Comparison("fills", "backtest/live_fills", ("trade_id",))
_POSITIONS: Final = _Comparison("positions", "backtest/live_positions", ("instrument_id", "decision_time"))
_POSITION_EVENTS: Final = _Comparison(
    "position_events", "backtest/live_position_events", ("instrument_id", "decision_time", "sequence")
)
_EQUITY: Final = _Comparison("equity", "backtest/live_equity", ("time",), absolute=1.5 / E8)


def check_parity(
    connection: psycopg.Connection,
    url: str,
    run: Run,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[TableParity]:
    """Decide what `run` has decided so far once more, and compare table by table.

    Raises:
        StopError: the run has not decided a minute yet.
        DatabaseError: the facts cannot be read.
    """
    row = connection.execute(queries.load("backtest/decided_range"), {"run_id": run.run_id}).fetchone()
    if row is None or row[0] is None:
        raise StopError(f"run {run.run_id} has not decided a minute yet: there is nothing to compare")
    first, last = row
    stored = read_market(connection, url, run.instrument_ids, first, last + MINUTE)
    rules = rules_of_run(run)
    market = with_own_thresholds(stored, url, rules)
    watch = Stopwatch()
    simulation = simulate(
        prepare(market, watch),
        rules,
        run.run_id,
        watch,
        plays_every_minute=True,
        progress=progress,
    )
    values = {
        "run_id": run.run_id,
        "start": instant_of(int(market.minutes[0])),
        "end": instant_of(int(market.minutes[-1])),
    }
    recorded = _Recorded(connection, values)
    equity = equity_path(market, simulation.log)
    return [
        *_cell_parity(recorded, simulation, run, equity),
        *_trade_parity(recorded, simulation, run),
        recorded.against(_EQUITY, _equity_rows(equity, market)),
    ]


@dataclass(frozen=True)
class _Recorded:
    """The rows of the run."""

    connection: psycopg.Connection
    values: Mapping[str, object]

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(queries.load(query), self.values).fetchall()

    def against(self, comparison: _Comparison, recomputed: Iterator[Row] | Sequence[Row]) -> TableParity:
        return compare(comparison.table, comparison, self.rows(comparison.query), recomputed)


def compare(
    table: str,
    comparison: _Comparison,
    recorded: Sequence[Row],
    recomputed: Iterator[Row] | Sequence[Row],
) -> TableParity:
    """Match rows by key and compare every column of the recorded ones."""
    parity = TableParity(table)
    waiting = {_key(row, comparison.key): row for row in recorded}
    for ours in recomputed:
        key = _key(ours, comparison.key)
        theirs = waiting.pop(key, None)
        parity.compared += 1
        if theirs is None:
            parity.differences.append(Difference(table, key, None, None, "a row"))
            continue
        parity.differences += [
            Difference(table, key, column, value, ours.get(column))
            for column, value in theirs.items()
            if not same(value, ours.get(column), comparison.absolute)
        ]
    parity.compared += len(waiting)
    parity.differences += [Difference(table, key, None, "a row", None) for key in waiting]
    return parity


def _key(row: Row, columns: Sequence[str]) -> Key:
    return tuple(str(row[name]) if name == "source" else row[name] for name in columns)


def same(recorded: object, recomputed: object, absolute: float = 0.0) -> bool:
    """Equal; floats, and numbers within JSON, within 1e-9 of each other; NaN is what null is stored for."""
    if isinstance(recomputed, float) and not math.isfinite(recomputed):
        recomputed = None
    if recorded is None or recomputed is None:
        return recorded is recomputed
    if isinstance(recorded, Mapping) and isinstance(recomputed, Mapping):
        return recorded.keys() == recomputed.keys() and all(
            same(value, recomputed[name], absolute) for name, value in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(recomputed, list | tuple):
        return len(recorded) == len(recomputed) and all(
            same(one, other, absolute) for one, other in zip(recorded, recomputed, strict=True)
        )
    if isinstance(recorded, Decimal) and isinstance(recomputed, Decimal):
        return abs(recorded - recomputed) <= absolute
    if isinstance(recorded, float) or isinstance(recomputed, float):
        one, other = float(str(recorded)), float(str(recomputed))
        absolute = max(absolute, ABSOLUTE_TOLERANCE)
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=absolute)
    return recorded == recomputed


def _cell_parity(
    recorded: _Recorded, simulation: Simulation, run: Run, equity: EquityPath
) -> list[TableParity]:
    market = simulation.prepared.market
    cells = persisted_pair_minutes(market, simulation.columns, simulation.log, StoredRows.ALL)
    batches = list(CellRowMaker(simulation, run, equity).batches(cells))
    return [recorded.against(comparison, _of(batches, name)) for name, comparison in _OF_CELLS.items()]


def _of(batches: Sequence[CellRows], name: str) -> Iterator[Row]:
    for batch in batches:
        yield from getattr(batch, name)


def _trade_parity(recorded: _Recorded, simulation: Simulation, run: Run) -> list[TableParity]:
    journal = simulation.log.journal
    orders = {order.order_id: order for order in journal.orders}
    positions = {position.position_id: position for position in journal.positions}
    owners = {(one.instrument_id, one.decision_time): one for one in journal.positions}
    order_rows = [
        order_row(run.run_id, one, owners.get((one.instrument_id, one.decision_time)))
        for one in journal.orders
    ]
    return [
        recorded.against(
            _ORDERS, [{**row, "has_position": row["position_id"] is not None} for row in order_rows]
        ),
        recorded.against(
            _ORDER_EVENTS,
            [
                {**row, "client_order_id": orders[row["order_id"]].client_order_id}
                for row in journal.order_events
            ],
        ),
        recorded.against(
            _FILLS,
            [{**row, "client_order_id": orders[row["order_id"]].client_order_id} for row in journal.fills],
        ),
        recorded.against(_POSITIONS, [position_row(run.run_id, one) for one in journal.positions]),
        recorded.against(
            _POSITION_EVENTS,
            [
                {
                    **row,
                    "instrument_id": positions[row["position_id"]].instrument_id,
                    "decision_time": positions[row["position_id"]].decision_time,
                }
                for row in journal.position_events
            ],
        ),
    ]


def _equity_rows(equity: EquityPath, market: BacktestMarket) -> Iterator[Row]:
    columns = {
        "cash_usd": equity.cash_e8,
        "unrealised_usd": equity.unrealised_e8,
        "equity_usd": equity.equity_e8,
        "day_peak_usd": equity.day_peak_e8,
        "peak_usd": equity.peak_e8,
        "exposure_usd": equity.exposure_e8,
    }
    for row in range(len(market.minutes)):
        amounts = {name: Decimal(int(values[row])) / E8 for name, values in columns.items()}
        yield {
            "time": instant_of(int(market.minutes[row])),
            **amounts,
            "portfolio_heat": float(equity.heat[row]),
        }
