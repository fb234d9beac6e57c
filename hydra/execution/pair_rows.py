"""A look at a pair in one transaction: its rows are held, read, changed by the rules, and stored.

Source: docs/architecture.md, "Live orders"; docs/architecture.md, laws 1 and 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import OrderRole
from hydra.execution.calls import Call
from hydra.execution.look import look
from hydra.execution.news import News, PairMemory, trades_in
from hydra.execution.pair_orders import PairOrders
from hydra.execution.position_watch import watch_position
from hydra.trading.instrument_spec import read_terms
from hydra.trading.kill_switch import read_kills
from hydra.trading.live_venue import LiveVenue, lock_pairs
from hydra.trading.pair_state import PairState
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import Rules


@dataclass(frozen=True)
class WaitingEntry:
    """A pair in which an entry works. is_sent: the exchange may have it; is_held: a position is open."""

    instrument_id: int
    is_sent: bool
    is_held: bool


@dataclass(frozen=True, slots=True)
class PairRows:
    """The orders and positions of one run. connection: of the worker, in autocommit.

    symbols: the exchange's names of the run's pairs, by instrument.
    """

    connection: psycopg.Connection
    venue: LiveVenue
    rules: Rules
    symbols: dict[int, str]

    def at_work(self) -> set[int]:
        """The instruments that have a working order or an open position."""
        values = {"run_id": self.venue.run_id}
        rows = self.connection.execute(queries.load("execution/pairs_at_work"), values).fetchall()
        return {row[0] for row in rows}

    def waiting_entries(self) -> list[WaitingEntry]:
        """The pairs in which an entry works."""
        with self.connection.cursor(row_factory=class_row(WaitingEntry)) as cursor:
            values = {"run_id": self.venue.run_id}
            return cursor.execute(queries.load("execution/waiting_entries"), values).fetchall()

    def has_orders_to_end(self) -> bool:
        """Whether an entry or an exit works, or an order in a pair in which nothing is held."""
        values = {"run_id": self.venue.run_id}
        rows = self.connection.execute(queries.load("execution/orders_to_end"), values).fetchall()
        return bool(rows)

    def look(
        self,
        instrument_id: int,
        memory: PairMemory,
        news: Sequence[News],
        time: datetime,
        *,
        is_ending: bool = False,
        is_compared: bool = True,
    ) -> list[Call]:
        """See `hydra.execution.look`; what it decides is committed when this returns.

        is_ending, is_compared: see `PairOrders`.
        """
        with self.connection.transaction():
            lock_pairs(self.connection, self.venue.run_id, instrument_id)
            pair = self._read(instrument_id, memory, time)
            pair.is_ending, pair.is_compared = is_ending, is_compared
            watch_position(self.connection, pair, memory, self.rules, time)
            booked = self._booked(instrument_id, news, memory)
            calls = look(pair, memory, news, booked, time)
            store_pair_states(self.connection, self.venue.run_id, [pair.state])
        return calls

    def _read(self, instrument_id: int, memory: PairMemory, time: datetime) -> PairOrders:
        connection, run_id = self.connection, self.venue.run_id
        state = read_pair_states(connection, run_id).get(instrument_id, PairState(instrument_id))
        pair = PairOrders(
            state,
            self.symbols[instrument_id],
            read_terms(connection, [instrument_id], time, self.rules.costs)[instrument_id],
            self.venue,
            self.rules.execution,
            is_killed=read_kills(connection, run_id).stops(instrument_id),
        )
        if state.plan is not None:
            state.plan = replace(state.plan, leverage=Decimal(pair.wanted_leverage))
        decision_time = pair.decision_time or (memory.requote.order.decision_time if memory.requote else None)
        if decision_time is not None:
            pair.sent = self._sent(instrument_id, decision_time)
        return pair

    def _sent(self, instrument_id: int, decision_time: datetime) -> dict[OrderRole, int]:
        values = {
            "run_id": self.venue.run_id,
            "instrument_id": instrument_id,
            "decision_time": decision_time,
        }
        rows = self.connection.execute(queries.load("execution/orders_sent"), values).fetchall()
        return {OrderRole(role): number for role, number in rows}

    def _booked(self, instrument_id: int, news: Sequence[News], memory: PairMemory) -> frozenset[str]:
        """Of the trades that were heard, those that are stored."""
        heard = {trade.trade_id for trade in trades_in(news)} | set(memory.trades)
        if not heard:
            return frozenset()
        values = {
            "run_id": self.venue.run_id,
            "instrument_id": instrument_id,
            "trade_ids": [str(trade_id) for trade_id in heard],
        }
        rows = self.connection.execute(queries.load("reconcile/booked_trades"), values).fetchall()
        return frozenset(row[0] for row in rows)
