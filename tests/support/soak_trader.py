"""Decides entries and exits in the tables of a run as its stages leave them, but far more often."""

import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.types.json import Jsonb

from hydra.db.engine import connect
from hydra.domain import ExitUrgency, OrderRole, OrderType, PositionEventKind, PositionState, ReasonCode, Side
from hydra.layers.layer4_filters import InstrumentFilters, ceil_to, exact, round_passive
from hydra.layers.layer5_orders import OrderPlan, client_order_id, exit_order, market_exit_order
from hydra.reconciliation.records import pairs_of_run
from hydra.sim.exchange.account.store import AccountStore
from hydra.trading.instrument_spec import read_terms
from hydra.trading.live_venue import LiveVenue, live_venue, lock_pairs
from hydra.trading.pair_state import PairState, Position, PositionEvent, planned_order
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import Rules
from hydra.trading.runs import read_run
from tests.support.paper_market import APPROVED, CHOSEN
from tests.support.rows import add

NOTIONAL_USD = Decimal(250)
LEVERAGE = 10
TAKES_SHARE, PASSIVE_EXIT_SHARE = 0.85, 0.1
"""Entries that fill at once, of all; exits that begin passively, of all."""

_RETURN_24H = b"""
SELECT (numbers -> 'measured' ->> 'return_24h')::float8 FROM hydra.assessments
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s ORDER BY time DESC LIMIT 1
"""


@dataclass
class SoakTrader:
    """Enters a pair as soon as it is at rest, and leaves it some seconds later.

    now: the exchange's time. held_s: how long a position is held at most, in the exchange's seconds.
    """

    url: str
    run_id: int
    store: Callable[[], AccountStore]
    now: Callable[[], datetime]
    chance: random.Random
    held_s: tuple[float, float]
    decided: dict[tuple[int, datetime], Decimal] = field(default_factory=dict)
    """The quantity of each decision, by instrument and time."""
    only: str = ""
    """The symbol that is entered; empty: all."""
    has_lasting_thesis: bool = False
    """Enter only the side whose thesis holds by what layer 2 has measured: the run's checks leave it open."""
    _leave_after: dict[int, float] = field(default_factory=dict)

    def act(self, *, enters: bool = True) -> int:
        """Look at every pair once; gives how many pairs are at work. enters: whether new entries are decided.

        Raises:
            psycopg.Error: the database went away; nothing of this look was kept.
        """
        with closing(connect(self.url, autocommit=True)) as connection:
            run = read_run(connection, self.run_id)
            pairs = pairs_of_run(connection, self.run_id)
            terms = read_terms(connection, [*pairs.values()], self.now(), Rules().costs)
            at_work = 0
            for symbol, number in pairs.items():
                with connection.transaction():
                    lock_pairs(connection, self.run_id, number)
                    state = read_pair_states(connection, self.run_id).get(number, PairState(number))
                    at_work += bool(state.orders or state.position)
                    look = _Look(self, connection, live_venue(run), symbol, terms[number].filters, state)
                    if state.position is not None:
                        look.leave_in_time(state.position, at_once=not enters)
                    elif not state.orders and enters and self.only in {"", symbol}:
                        look.enter()
                    store_pair_states(connection, self.run_id, [state])
            return at_work

    def is_due(self, position: Position) -> bool:
        """Whether the position was held as long as was drawn for it."""
        held = self.now() - position.opened_time
        number = position.position_id or 0
        due = self._leave_after.setdefault(number, self.chance.uniform(*self.held_s))
        return held.total_seconds() > due


@dataclass(frozen=True)
class _Look:
    """One look at one pair."""

    trader: SoakTrader
    connection: psycopg.Connection
    venue: LiveVenue
    symbol: str
    filters: InstrumentFilters
    state: PairState

    def _touch(self) -> tuple[Decimal, Decimal] | None:
        book = self.trader.store().book(self.symbol)
        if book is None or not book.bids.keys or not book.asks.keys:
            return None
        return exact(-book.bids.keys[0]), exact(book.asks.keys[0])

    def enter(self) -> None:
        """An approved decision and its entry, limit or post-only."""
        touch, chance = self._touch(), self.trader.chance
        decided = self.trader.now().replace(microsecond=0)
        number = self.state.instrument_id
        # The stages of the run decide at whole minutes.
        if touch is None or decided.second == 0 or (number, decided) in self.trader.decided:
            return
        mark, is_buy = self.trader.store().mark(self.symbol), chance.random() < 0.5
        thesis: dict[str, object] = {}
        if self.trader.has_lasting_thesis:
            values = {"run_id": self.trader.run_id, "instrument_id": number}
            row = self.connection.execute(_RETURN_24H, values).fetchone()
            if row is None or not row[0]:
                return
            # The thesis of OI_DIVERGENCE: the price has gone the other way.
            is_buy, thesis = row[0] < 0, {"metadata": Jsonb({"thesis_strength": 1e-9})}
        side, direction = (Side.LONG, 1) if is_buy else (Side.SHORT, -1)
        key = {"run_id": self.trader.run_id, "instrument_id": number, "time": decided, "side": side.value}
        distances = [Decimal(str(round(chance.uniform(0.15, 1.5), 2))) for _ in range(2)]
        stop, target = (direction * mark * distance / 100 for distance in distances)
        tick = self.filters.tick_size
        prices = {
            "reference_price": mark,
            "stop_loss_price": round_passive(mark - stop, tick, is_buy=not is_buy),
            "take_profit_price": round_passive(mark + target, tick, is_buy=not is_buy),
        }
        least = max(NOTIONAL_USD, self.filters.min_notional_usd * 2)
        quantity = ceil_to(max(least / mark, self.filters.min_quantity * 2), self.filters.step_size)
        sizes = {
            "recommended_size_usd": quantity * mark,
            "recommended_leverage": LEVERAGE,
            "max_holding_hours": 4,
        }
        add(self.connection, "hydra.signals", {**CHOSEN, **thesis, **key})
        add(self.connection, "hydra.risk_decisions", {**APPROVED, **key, **sizes, **prices})
        takes = chance.random() < TAKES_SHARE
        price = touch[0] if is_buy else touch[1]
        if takes:
            price = touch[1] * Decimal("1.002") if is_buy else touch[0] * Decimal("0.998")
        of_decision = self.venue.key(number, decided)
        plan = OrderPlan(
            client_order_id(of_decision, OrderRole.ENTRY, 0),
            OrderRole.ENTRY,
            OrderType.LIMIT if takes else OrderType.POST_ONLY,
            is_buy,
            quantity,
            reduce_only=False,
            limit_price=round_passive(price, tick, is_buy=is_buy),
        )
        self.state.add(planned_order(plan, of_decision, touch[0], decided))
        self.trader.decided[number, decided] = quantity

    def leave_in_time(self, position: Position, *, at_once: bool) -> None:
        """An exit, unless one works: most urgent, some passive first."""
        touch = self._touch()
        exits = [one for one in self.state.orders if one.role is OrderRole.EXIT and one.is_working]
        if touch is None or exits or position.state is PositionState.CLOSING:
            return
        if not at_once and not self.trader.is_due(position):
            return
        now, key = self.trader.now(), self.venue.key(self.state.instrument_id, position.decision_time)
        is_passive = not at_once and self.trader.chance.random() < PASSIVE_EXIT_SHARE
        held = (key, position.direction, position.quantity)
        if is_passive:
            plan = exit_order(*held, ExitUrgency.ORDINARY, touch, self.filters, position.exits_sent)
        else:
            plan = market_exit_order(*held, position.exits_sent)
        reason = ReasonCode.THESIS_BROKEN
        position.state = PositionState.CLOSING
        position.events.append(PositionEvent(now, PositionEventKind.CHECKED, reason_code=reason))
        if self.state.entry is not None:
            self.venue.cancel(self.state.entry, now, reason)
        self.state.add(self.venue.submit(plan, key, touch[0], now, reason))
