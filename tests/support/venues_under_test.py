"""The venues on which the life of a decision's orders is tested: the paper exchange, and an account."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

import psycopg

from hydra.answers.audits import run_audits
from hydra.db import queries
from hydra.domain import OrderType, Side
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.layers.layer5_orders import DecisionKey
from hydra.trading.kill_switch import latch
from hydra.trading.live_venue import live_venue
from hydra.trading.paper_exchange import PaperExchange
from tests.support.executed_run import ExecutedRun
from tests.support.paper_market import BTC, PaperMarket

_ORDERS: Final = """
SELECT role, order_type, side, state, quantity, filled_quantity, trigger_price, reduce_only, client_order_id,
    decision_time, order_id
FROM hydra.orders WHERE decision_time = (SELECT max(decision_time) FROM hydra.orders) ORDER BY order_id
"""
_POSITION: Final = """
SELECT state, quantity, peak_quantity, exit_reason_code, stop_price, target_price
FROM hydra.positions ORDER BY position_id DESC LIMIT 1
"""
_EVENTS: Final = "SELECT sequence, state FROM hydra.order_events WHERE order_id = %s ORDER BY sequence"
_FILLED: Final = "SELECT coalesce(sum(quantity), 0) FROM hydra.fills WHERE order_id = %s"
_NAMES: Final = (
    "role", "order_type", "side", "state", "quantity", "filled_quantity", "trigger_price", "reduce_only",
    "client_order_id", "decision_time", "order_id",
)  # fmt: skip


class VenueUnderTest(Protocol):
    """Leads a decision to buy BTC through its life; each step returns once the venue is at rest."""

    quantity: Decimal
    connection: psycopg.Connection

    def key(self, decision_time: Any) -> DecisionKey:
        """See `Venue.key`."""

    async def enter(self) -> None:
        """A decision whose entry fills wholly."""

    async def enter_away(self) -> None:
        """A decision whose entry waits at a price that nobody takes."""

    async def kill(self) -> None:
        """The kill switch latches; what follows has happened."""

    async def enter_and_reach_the_stop(self) -> None:
        """A decision that is entered, whose stop the mark then reaches."""


class PaperUnderTest:
    """Bars by hand; the entry of 0.2 BTC is that of tests/database/test_paper_trades.py."""

    quantity = Decimal("0.2")

    def __init__(self, market: PaperMarket) -> None:
        self._market, self.connection = market, market.connection

    def key(self, decision_time: Any) -> DecisionKey:
        """See `VenueUnderTest`."""
        return PaperExchange(self._market.run.run_id, ExecutionParameters()).key(BTC, decision_time)

    async def enter(self) -> None:
        """See `VenueUnderTest`."""
        self._decide()
        self._play(1, (50_000.0, 50_010.0, 49_990.0, 50_000.0))

    async def enter_away(self) -> None:
        """See `VenueUnderTest`."""
        self._decide()
        self._play(1, (50_010.0, 50_020.0, 50_005.0, 50_010.0))

    async def kill(self) -> None:
        """See `VenueUnderTest`."""
        self._market.latch(1)
        self._market.assess(1)
        self._market.execute(1)
        self._play(2, (50_000.0, 50_010.0, 49_990.0, 50_000.0))

    async def enter_and_reach_the_stop(self) -> None:
        """See `VenueUnderTest`."""
        await self.enter()
        self._play(2, (49_600.0, 49_610.0, 49_400.0, 49_450.0))

    def _decide(self) -> None:
        self._market.candle(0, (50_000.0, 50_010.0, 49_999.0, 50_000.0))
        self._market.approve(0, Side.LONG, "10000", ("50000", "49500", "51000"))

    def _play(self, minute: int, prices: tuple[float, float, float, float]) -> None:
        self._market.candle(minute, prices)
        self._market.settle(minute)


class ExecutedUnderTest:
    """An account at the simulated exchange, and the executor between it and the tables."""

    quantity = Decimal("0.010")

    def __init__(self, run: ExecutedRun) -> None:
        self._run, self.connection = run, run.owner

    def key(self, decision_time: Any) -> DecisionKey:
        """See `VenueUnderTest`."""
        return live_venue(self._run.run).key(BTC, decision_time)

    async def enter(self) -> None:
        """See `VenueUnderTest`."""
        await self._run.start()
        await self._run.decide_entry()
        await self._run.until(lambda: "PROTECTED" in self._run.position_events())

    async def enter_away(self) -> None:
        """See `VenueUnderTest`."""
        await self._run.start()
        await self._run.decide_entry(order_type=OrderType.POST_ONLY, away_pct="1")
        await self._run.until(lambda: ("ENTRY", "OPEN") in self._run.orders())

    async def kill(self) -> None:
        """See `VenueUnderTest`."""
        latch(self._run.owner, self._run.run.run_id, self._run.now(), None, "by hand", {})
        await self._run.until(lambda: not self._run.is_at_work())

    async def enter_and_reach_the_stop(self) -> None:
        """See `VenueUnderTest`. The mark may have passed the level before the stop comes: once more then."""
        await self._run.start()
        while position_of(self) is None or position_of(self)["exit_reason_code"] != "STOP_HIT":  # type: ignore[index]
            await self._run.decide_entry(stop_pct="0.02", target_pct="5")
            await self._run.until(lambda: not self._run.is_at_work())


def orders_of(venue: VenueUnderTest) -> list[dict[str, Any]]:
    """The orders of the newest decision, in the order of their making."""
    return [dict(zip(_NAMES, row, strict=True)) for row in venue.connection.execute(_ORDERS).fetchall()]


def position_of(venue: VenueUnderTest) -> dict[str, Any] | None:
    """The newest position."""
    names = ("state", "quantity", "peak_quantity", "exit_reason_code", "stop_price", "target_price")
    row = venue.connection.execute(_POSITION).fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


def states_of(venue: VenueUnderTest, order_id: int) -> list[str]:
    """The states that an order went through; its events have no hole."""
    rows = venue.connection.execute(_EVENTS, (order_id,)).fetchall()
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    return [state for _, state in rows]


def filled_of(venue: VenueUnderTest, order_id: int) -> Decimal:
    """The sum of an order's fills."""
    ((quantity,),) = venue.connection.execute(_FILLED, (order_id,)).fetchall()
    return Decimal(quantity)


def audited(venue: VenueUnderTest, names: Sequence[str]) -> list[str]:
    """Of these audits those that find something."""
    return [one.audit for one in run_audits(venue.connection) if one.audit in names and not one.is_clean]


def empty_run_tables(connection: psycopg.Connection) -> None:
    """Without the rows of runs before."""
    connection.execute(queries.load("housekeeping/empty_run_tables"))
