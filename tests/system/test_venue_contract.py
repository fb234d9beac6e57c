"""What the orders of a decision live through at every venue: the paper exchange, and an exchange's account.

The account of demo trading is held to the contract of accounts (test_account_contract.py).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import OrderRole
from hydra.layers.layer5_orders import client_order_id
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.paper_market import PaperMarket
from tests.support.servers.logins import as_role
from tests.support.venues_under_test import (
    ExecutedUnderTest,
    PaperUnderTest,
    VenueUnderTest,
    audited,
    empty_run_tables,
    filled_of,
    orders_of,
    position_of,
    states_of,
)

AUDITS = (
    "order_disagrees_with_events", "order_disagrees_with_fills", "order_larger_than_decision",
    "order_outlives_position", "position_disagrees_with_fills", "position_does_not_add_up",
    "position_without_stop", "event_sequence_with_holes", "fill_without_order",
)  # fmt: skip
ENDED = {"FILLED", "CANCELED", "REJECTED", "EXPIRED"}
Act = Callable[[VenueUnderTest], Awaitable[None]]
Play = Callable[[Act], None]


@pytest.fixture(params=["paper", "account"])
def play(request: pytest.FixtureRequest, database: str, stage: ExecutionStage) -> Play:
    """Plays an act at a venue; then rows of orders, fills and positions have to agree."""

    def at_account(act: Act) -> None:
        async def whole(run: ExecutedRun) -> None:
            await checked(ExecutedUnderTest(run), act)

        stage.play(whole)

    def on_paper(act: Act) -> None:
        with (
            closing(connect(as_role(database, Role.OWNER), autocommit=True)) as owner,
            closing(connect(as_role(database, Role.WORKER), autocommit=True)) as worker,
        ):
            empty_run_tables(owner)
            asyncio.run(checked(PaperUnderTest(PaperMarket(worker, owner=owner)), act))
            empty_run_tables(owner)

    return on_paper if request.param == "paper" else at_account


async def checked(venue: VenueUnderTest, act: Act) -> None:
    """The act, then what holds of all orders."""
    await act(venue)
    sent: dict[str, int] = {}
    for order in orders_of(venue):
        role = OrderRole(order["role"])
        place = sent[role] = sent.get(role, -1) + 1
        assert order["client_order_id"] == client_order_id(venue.key(order["decision_time"]), role, place)
        states = states_of(venue, order["order_id"])
        assert states[0] == "PLANNED"
        assert states[-1] == order["state"]
        assert not ENDED & set(states[:-1])
        assert filled_of(venue, order["order_id"]) == order["filled_quantity"] <= order["quantity"]
        assert order["reduce_only"] == (role is not OrderRole.ENTRY)
    assert audited(venue, AUDITS) == []


def by_role(venue: VenueUnderTest) -> dict[str, dict[str, Any]]:
    """The newest order of each role."""
    return {order["role"]: order for order in orders_of(venue)}


def test_an_entry_that_fills_is_protected_for_all_of_it(play: Play) -> None:
    async def act(venue: VenueUnderTest) -> None:
        await venue.enter()
        position, orders = position_of(venue), by_role(venue)
        assert position is not None
        assert (position["state"], position["quantity"]) == ("OPEN", venue.quantity)
        assert (orders["ENTRY"]["state"], orders["ENTRY"]["side"]) == ("FILLED", "BUY")
        for role, kind in (("STOP", "STOP_MARKET"), ("TARGET", "TAKE_PROFIT_MARKET")):
            order = orders[role]
            assert (order["state"], order["order_type"], order["side"]) == ("OPEN", kind, "SELL")
            assert order["quantity"] == venue.quantity
            assert order["trigger_price"] == position[f"{role.lower()}_price"]

    play(act)


def test_a_kill_closes_the_position_at_market_and_nothing_works_any_more(play: Play) -> None:
    async def act(venue: VenueUnderTest) -> None:
        await venue.enter()
        await venue.kill()
        position, orders = position_of(venue), by_role(venue)
        assert position is not None
        assert (position["state"], position["quantity"]) == ("CLOSED", 0)
        assert (position["peak_quantity"], position["exit_reason_code"]) == (venue.quantity, "KILL_SWITCH")
        assert (orders["EXIT"]["state"], orders["EXIT"]["order_type"]) == ("FILLED", "MARKET")
        assert {orders[role]["state"] for role in ("STOP", "TARGET")} == {"CANCELED"}

    play(act)


def test_a_kill_withdraws_an_entry_that_waits(play: Play) -> None:
    async def act(venue: VenueUnderTest) -> None:
        await venue.enter_away()
        assert position_of(venue) is None
        await venue.kill()
        assert position_of(venue) is None
        entry = by_role(venue)["ENTRY"]
        assert (entry["state"], entry["filled_quantity"]) == ("CANCELED", Decimal(0))
        assert {order["state"] for order in orders_of(venue)} == {"CANCELED"}

    play(act)


def test_a_stop_that_the_mark_reaches_closes_all_and_takes_the_target_along(play: Play) -> None:
    async def act(venue: VenueUnderTest) -> None:
        await venue.enter_and_reach_the_stop()
        position, orders = position_of(venue), by_role(venue)
        assert position is not None
        assert (position["state"], position["exit_reason_code"]) == ("CLOSED", "STOP_HIT")
        assert (orders["STOP"]["state"], orders["STOP"]["filled_quantity"]) == ("FILLED", venue.quantity)
        assert orders["TARGET"]["state"] == "CANCELED"

    play(act)
