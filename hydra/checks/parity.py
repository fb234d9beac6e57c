"""Parity: decides a past run again as a backtest and compares it row by row with what the run stored.

Everything not compared is listed with its reason: columns, rows, and minutes not yet decided.
Source: docs/features.md, "Acceptance" (5); docs/architecture.md, law 2.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import psycopg

from hydra.arrays import Flags
from hydra.backtest.equity_path import E8, EquityPath
from hydra.backtest.market import BacktestMarket, instant_of
from hydra.backtest.persisted import StoredRows
from hydra.backtest.rows import PairMinuteRowMaker
from hydra.backtest.verdict_counts import verdict_counts
from hydra.checks import recorded_tables as tables
from hydra.checks.comparer import CheckResult, compare_rows
from hydra.checks.dropped_facts import DroppedFacts, dropped_facts
from hydra.checks.recorded_tables import RecordedTable
from hydra.checks.replay import Replay, decide_again
from hydra.db import queries
from hydra.domain import TradingMode
from hydra.durations import MINUTE
from hydra.trading.pair_state_rows import order_row, position_row
from hydra.trading.row_writer import Row
from hydra.trading.runs import Run
from hydra.trading.upgrades import DecidingVersion, versions_of_run
from hydra.trading.versions import own_version

_MINUTES_AT_ONCE: Final = 1440
_OF_PAIR_MINUTES: Final = {
    "assessments": tables.ASSESSMENTS,
    "features": tables.FEATURE_VECTORS,
    "signals": tables.SIGNALS,
    "decisions": tables.DECISIONS,
}


_BEFORE_ORDERS: Final = frozenset({"assessments", "features", "signals"})
_OF_THE_EXCHANGE: Final = "it follows from fills that the exchange made, and no facts tell those"


@dataclass
class TableParity:
    """The comparison of one table. rows: of both sides together, matched ones counted once."""

    table: RecordedTable
    result: CheckResult
    rows: int = 0

    @classmethod
    def of(cls, table: RecordedTable) -> "TableParity":
        """Nothing compared yet."""
        return cls(table, CheckResult(table.name, "decided again"))

    def compare(
        self, recorded: Mapping[tuple[object, ...], Row], decided: Mapping[tuple[object, ...], Row]
    ) -> None:
        """Add some rows of the table."""
        self.rows += len(recorded.keys() | decided.keys())
        table = self.table
        compare_rows(self.result, table.name, recorded, decided, table.left_out, table.absolute)


@dataclass
class Parity:
    """A run compared with itself decided again. first, last: minutes. left_out: not compared, and why.

    versions: those that decided the run; this process's decides again.
    """

    run: Run
    versions: list[DecidingVersion]
    first: datetime
    last: datetime
    minutes: int
    tables: list[TableParity]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def is_of_this_version(self) -> bool:
        """Whether the same version decided the run and decides again."""
        return all(one.version == own_version() for one in self.versions)

    @property
    def mismatches(self) -> int:
        """How many values and rows differ."""
        return sum(one.result.mismatches for one in self.tables)

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(one.rows for one in self.tables)


def check_parity(
    connection: psycopg.Connection,
    url: str,
    run: Run,
    progress: Callable[[float], None] = lambda _share: None,
) -> Parity:
    """Decide every finished minute of `run` again, and compare table by table.

    Raises:
        StopError: the run has not decided a minute yet.
        DatabaseError: the facts cannot be read.
    """
    replay = decide_again(connection, url, run, progress)
    market = replay.market
    found = [
        *_pair_minute_tables(connection, replay),
        *_trade_tables(connection, replay),
        _kill_table(connection, replay),
    ]
    if run.mode is TradingMode.BACKTEST:
        found.append(_count_table(connection, replay))
    first, last = market.time_of(0), market.time_of(len(market.minutes) - 1)
    unrepeatable = _unrepeatable(dropped_facts(connection, run.instrument_ids, first, last), replay, found)
    if run.is_at_exchange:
        own = {table.table.name for table in found} - _BEFORE_ORDERS
        unrepeatable |= dict.fromkeys(sorted(own), _OF_THE_EXCHANGE)
    compared = [table for table in found if table.table.name not in unrepeatable]
    left_out = {
        f"{one.table.name}.{column}": why for one in compared for column, why in one.table.left_out.items()
    }
    return Parity(
        run,
        versions_of_run(connection, run.run_id),
        first,
        last,
        len(market.minutes),
        compared,
        {**_rows_left_out(connection, replay), **unrepeatable, **left_out},
    )


def _unrepeatable(
    dropped: Sequence[DroppedFacts], replay: Replay, found: Sequence[TableParity]
) -> dict[str, str]:
    """The tables that differ where the facts behind them are no longer kept, with these words."""
    stores_all = replay.stored is StoredRows.ALL
    reasons = {
        one.table.name: [
            facts.words for facts in dropped if facts.explains(one.table.name, stores_all_minutes=stores_all)
        ]
        for one in found
        if one.result.mismatches
    }
    return {name: words[0] for name, words in reasons.items() if words}


def _rows_left_out(connection: psycopg.Connection, replay: Replay) -> dict[str, str]:
    """Rows and tables that are not compared, and why."""
    run = replay.run
    found = {"cycles": "the clock's own record: it says which minutes are compared"}
    row = connection.execute(queries.load("backtest/undecided"), {"run_id": run.run_id}).fetchone()
    undecided, skipped = row or (0, 0)
    if undecided:
        found[f"{undecided:,} minutes"] = "not decided to the end yet"
    if skipped:
        found[f"{skipped:,} skipped minutes"] = "not decided: it was too late to decide them honestly"
    if replay.stored is None:
        found["rows that are missing"] = (
            "the run does not say which rows it stores: only those it has are compared"
        )
    elif run.mode is TradingMode.BACKTEST:
        pair_minutes = replay.pair_minutes(np.zeros((0, 0), np.bool_))
        unstored = int(pair_minutes.size - pair_minutes.sum())
        if unstored:
            found[f"{unstored:,} of {pair_minutes.size:,} minutes of a pair"] = (
                f"not stored by the run (rows: {replay.stored}); their verdicts are counted in veto_counts"
            )
    return found


def _pair_minute_tables(connection: psycopg.Connection, replay: Replay) -> list[TableParity]:
    """Layers 2 to 4 and the equity, day by day: the rows of a whole run do not fit into memory."""
    market, maker = replay.market, PairMinuteRowMaker(replay.simulation, replay.run, replay.equity)
    wanted = replay.pair_minutes(_recorded_pair_minutes(connection, replay))
    found = {name: TableParity.of(table) for name, table in _OF_PAIR_MINUTES.items()}
    equity, equity_minutes = TableParity.of(tables.EQUITY), replay.equity_minutes()
    total = len(market.minutes)
    for begin in range(0, total, _MINUTES_AT_ONCE):
        end = min(begin + _MINUTES_AT_ONCE, total)
        values = _span(replay, begin, end)
        part = np.zeros_like(wanted)
        part[begin:end] = wanted[begin:end]
        batches = list(maker.batches(part))
        for name, parity in found.items():
            decided = parity.table.by_key(row for batch in batches for row in getattr(batch, name))
            parity.compare(parity.table.rows(connection, values), decided)
        rows = (row for row in _equity_rows(replay.equity, market, equity_minutes, begin, end))
        equity.compare(tables.EQUITY.rows(connection, values), tables.EQUITY.by_key(rows))
    return [*found.values(), equity]


def _span(replay: Replay, begin: int, end: int) -> dict[str, object]:
    """The rows [begin, end) of the market as instants; a gap after them is included."""
    minutes = replay.market.minutes
    until = instant_of(int(minutes[end])) if end < len(minutes) else instant_of(int(minutes[-1])) + MINUTE
    return {"run_id": replay.run.run_id, "start": instant_of(int(minutes[begin])), "end": until}


def _recorded_pair_minutes(connection: psycopg.Connection, replay: Replay) -> Flags:
    """(minutes, pairs) that have rows in the run; empty if the run itself says which it stores."""
    market = replay.market
    flags = np.zeros((len(market.minutes), len(market.instrument_ids)), np.bool_)
    if replay.stored is None:
        columns = {key: column for column, key in enumerate(market.instrument_ids)}
        rows = {int(minute): row for row, minute in enumerate(market.minutes)}
        query, values = queries.load("backtest/recorded_pair_minutes"), {"run_id": replay.run.run_id}
        for instrument_id, minute in connection.execute(query, values):
            if minute in rows:
                flags[rows[minute], columns[instrument_id]] = True
    return flags


def _trade_tables(connection: psycopg.Connection, replay: Replay) -> list[TableParity]:
    journal, run_id = replay.simulation.log.journal, replay.run.run_id
    orders = {order.order_id: order for order in journal.orders}
    positions = {position.position_id: position for position in journal.positions}
    owners = {(one.instrument_id, one.decision_time): one for one in journal.positions}

    def of_order(row: Row) -> Row:
        owner = orders[row["order_id"]]
        return {**row, "client_order_id": owner.client_order_id, "instrument_id": owner.instrument_id}

    def of_position(row: Row) -> Row:
        owner = positions[row["position_id"]]
        return {**row, "instrument_id": owner.instrument_id, "decision_time": owner.decision_time}

    order_rows = [
        order_row(run_id, one, owners.get((one.instrument_id, one.decision_time))) for one in journal.orders
    ]
    decided = {
        tables.ORDERS: map(_with_position, order_rows),
        tables.ORDER_EVENTS: map(of_order, journal.order_events),
        tables.FILLS: map(of_order, journal.fills),
        tables.POSITIONS: (position_row(run_id, one) for one in journal.positions),
        tables.POSITION_EVENTS: map(of_position, journal.position_events),
    }
    found = []
    for table, rows in decided.items():
        parity = TableParity.of(table)
        recorded = table.rows(connection, {"run_id": run_id})
        if table is tables.ORDERS:
            recorded = {key: _with_position(row) for key, row in recorded.items()}
        parity.compare(recorded, table.by_key(rows))
        found.append(parity)
    return found


def _with_position(row: Row) -> Row:
    return {**row, "has_position": row["position_id"] is not None}


def _kill_table(connection: psycopg.Connection, replay: Replay) -> TableParity:
    """Kill switches latched by the rules; those that an operator latched are inputs."""
    parity = TableParity.of(tables.KILL_SWITCH)
    recorded = {
        key: {**row, "numbers": _without_clearing(row["numbers"])}
        for key, row in tables.KILL_SWITCH.rows(connection, {"run_id": replay.run.run_id}).items()
        if "by" not in row["numbers"]
    }
    decided = [
        {
            "scope": one.kill.scope.value,
            "instrument_id": stopped,
            "latched_time": replay.market.time_of(one.row),
            "numbers": numbers,
        }
        for one in replay.simulation.log.kills
        for stopped, _, numbers in [one.kill.latch_values(replay.market.instrument_ids[one.column])]
    ]
    parity.compare(recorded, tables.KILL_SWITCH.by_key(decided))
    return parity


def _without_clearing(numbers: Mapping[str, Any]) -> Row:
    return {name: value for name, value in numbers.items() if name != "cleared_in"}


def _count_table(connection: psycopg.Connection, replay: Replay) -> TableParity:
    simulation, parity = replay.simulation, TableParity.of(tables.VETO_COUNTS)
    counts = verdict_counts(replay.market, simulation.columns, simulation.log)
    recorded = tables.VETO_COUNTS.rows(connection, {"run_id": replay.run.run_id})
    parity.compare(recorded, tables.VETO_COUNTS.by_key(counts.iter_rows(named=True)))
    return parity


def _equity_rows(
    equity: EquityPath, market: BacktestMarket, wanted: Flags, begin: int, end: int
) -> Iterator[Row]:
    columns = {
        "cash_usd": equity.cash_e8,
        "unrealised_usd": equity.unrealised_e8,
        "equity_usd": equity.equity_e8,
        "day_peak_usd": equity.day_peak_e8,
        "peak_usd": equity.peak_e8,
        "exposure_usd": equity.exposure_e8,
    }
    for row in (begin + np.flatnonzero(wanted[begin:end])).tolist():
        amounts = {name: Decimal(int(values[row])) / E8 for name, values in columns.items()}
        yield {
            "time": market.time_of(row),
            **amounts,
            "portfolio_heat": float(equity.heat[row]),
            "stale_positions": int(equity.stale[row]),
        }
