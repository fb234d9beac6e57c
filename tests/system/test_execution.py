"""A run's orders executed at the simulated exchange, with a real database, under the faults of the exchange.

After each test the tables and the exchange agree on orders, fills, fees and positions, the audits find
nothing, and nothing was held without a stop for more than five seconds (tests/support/executed_run.py).
"""

import asyncio
from decimal import Decimal
from typing import Any, Final

import pytest

from hydra.domain import ExitUrgency, OrderType, Side
from hydra.execution.news import REFUSALS_THAT_COUNT
from hydra.trading.kill_switch import latch
from hydra.trading.live_venue import live_venue
from hydra.trading.pair_state import PairState
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.served_account import BTC

QUANTITY = Decimal("0.010")


async def opened(run: ExecutedRun, *faults: dict[str, Any], **terms: Any) -> None:
    """An entry that fills is executed under `faults`, up to a position that is protected."""
    await run.client.set_faults(*faults)
    await run.start()
    await run.decide_entry(**terms)
    await run.until(lambda: is_protected(run))


def is_protected(run: ExecutedRun) -> bool:
    return bool(run.rows("SELECT 1 FROM hydra.position_events WHERE kind = 'PROTECTED'"))


def states(run: ExecutedRun, role: str) -> list[str]:
    """The states of the orders of a role, in the order of their making."""
    return [state for of, state in run.orders() if of == role]


def test_what_filled_is_protected_at_once_and_isolated(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "OPEN"), ("TARGET", "OPEN")]
        assert run.position() == ("OPEN", QUANTITY, None)
        (held,) = await run.account.positions()
        assert (held.is_isolated, held.leverage, held.quantity) == (True, 10, QUANTITY)
        listed = await run.account.open_conditional_orders(BTC)
        kinds = {(one.order_type, one.reduce_only) for one in listed}
        assert kinds == {(OrderType.STOP_MARKET, True), (OrderType.TAKE_PROFIT_MARKET, True)}
        ids = run.rows("SELECT exchange_order_id FROM hydra.orders WHERE role IN ('STOP', 'TARGET')")
        assert {row[0] for row in ids} == {str(one.exchange_order_id) for one in listed}

    stage.play(act)


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("order", "timeout_after"),
        ("order", "lost_answer"),
        # An entry that may still be under way is sent again only once it can no longer arrive.
        ("order", "unknown_before"),
        ("algoOrder", "unknown_after"),
        ("algoOrder", "lost_request"),
        ("algoOrder", "maintenance"),
    ],
)
def test_an_order_whose_answer_is_maybe_is_neither_lost_nor_doubled(
    stage: ExecutionStage, endpoint: str, kind: str
) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run, {"kind": kind, "endpoint": endpoint, "count": 1})
        assert states(run, "ENTRY") == ["FILLED"]
        assert await run.position_shown() == QUANTITY
        assert await run.stops() == [QUANTITY]

    stage.play(act)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop", "stream": "user", "probability": 0.7, "seed": 3},
        {"kind": "silence_with_pongs", "stream": "user"},
        {"kind": "disconnect", "stream": "user", "count": 1},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_what_the_user_stream_does_not_tell_is_asked(stage: ExecutionStage, fault: dict[str, Any]) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run, fault, side=Side.SHORT)
        await run.leave()
        await run.until(lambda: run.position()[0] == "CLOSED")
        assert run.position() == ("CLOSED", 0, "THESIS_BROKEN")

    stage.play(act)


@pytest.mark.parametrize("unanswered_prices", [0, 2])
def test_a_post_only_entry_that_would_take_is_quoted_three_times_more(
    stage: ExecutionStage, unanswered_prices: int
) -> None:
    async def act(run: ExecutedRun) -> None:
        run.unanswered_prices = unanswered_prices
        await run.client.set_faults({"kind": "refused", "value": -5022})
        await run.start()
        await run.decide_entry(order_type=OrderType.POST_ONLY, away_pct="0.1")
        await run.until(lambda: states(run, "ENTRY") == ["REJECTED"] * 4)
        ids = run.rows(
            "SELECT count(DISTINCT client_order_id), min(quantity), max(quantity) FROM hydra.orders"
            " WHERE role = 'ENTRY'"
        )
        assert ids == [(4, QUANTITY, QUANTITY)]
        assert await run.account.open_orders(BTC) == []

    stage.play(act)


def test_an_entry_that_does_not_fill_is_withdrawn(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.start()
        await run.decide_entry(order_type=OrderType.POST_ONLY, away_pct="1")
        await run.until(lambda: states(run, "ENTRY") == ["OPEN"])
        assert [one.client_order_id for one in await run.account.open_orders(BTC)] == [
            row[0] for row in run.rows("SELECT client_order_id FROM hydra.orders WHERE role = 'ENTRY'")
        ]
        venue = live_venue(run.run)

        def withdraw(state: PairState) -> None:
            assert state.entry is not None
            venue.cancel(state.entry, run.now())

        run.change(withdraw)
        await run.until(lambda: states(run, "ENTRY") == ["CANCELED"])
        assert await run.account.open_orders(BTC) == []
        await run.until(lambda: states(run, "STOP") == ["CANCELED"])
        assert await run.account.open_conditional_orders(BTC) == []

    stage.play(act)


EARLY_STOPS_REFUSED: Final = {
    "kind": "refused", "value": -2022, "endpoint": "algoOrder", "count": REFUSALS_THAT_COUNT
}  # fmt: skip
"""An exchange that takes no stop before there is a position: the entry goes out without it."""


@pytest.mark.parametrize("refused", [(), (EARLY_STOPS_REFUSED,)], ids=["early", "late"])
def test_what_an_entry_takes_in_parts_is_protected_from_the_first_part_on(
    stage: ExecutionStage, refused: tuple[dict[str, Any], ...]
) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(
            run, *refused, {"kind": "half_filled", "endpoint": "order", "count": 1}, quantity="0.020"
        )
        before = ["REJECTED"] * REFUSALS_THAT_COUNT * len(refused)
        await run.until(lambda: states(run, "STOP") == [*before, "OPEN"])
        await run.until(lambda: states(run, "TARGET") == ["OPEN"])
        assert await run.stops() == [2 * QUANTITY]

    stage.play(act)


@pytest.mark.parametrize("kind", ["half_filled", "expired"])
def test_a_market_exit_goes_on_until_nothing_is_held(stage: ExecutionStage, kind: str) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run, quantity="0.020")
        await run.client.set_faults({"kind": kind, "endpoint": "order", "count": 1})
        await run.leave()
        await run.until(lambda: run.position()[0] == "CLOSED")
        assert states(run, "EXIT") == ["EXPIRED", "FILLED"]
        await run.until(lambda: states(run, "STOP") == ["CANCELED"])

    stage.play(act)


@pytest.mark.parametrize("code", [-2022, -4118])
def test_an_exit_that_is_refused_is_sent_again_once_the_position_is_known(
    stage: ExecutionStage, code: int
) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        await run.client.set_faults({"kind": "refused", "value": code, "endpoint": "order", "count": 1})
        await run.leave()
        await run.until(lambda: run.position()[0] == "CLOSED")
        assert states(run, "EXIT") == ["REJECTED", "FILLED"]

    stage.play(act)


def test_an_urgent_exit_takes_the_place_of_a_passive_one(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        await run.leave(ExitUrgency.ORDINARY)
        await run.until(lambda: states(run, "EXIT")[:1] not in ([], ["PLANNED"]))
        latch(run.owner, run.run.run_id, run.now(), None, "an operator's reason", {})
        await run.until(lambda: run.position()[0] == "CLOSED")

    stage.play(act)


def test_a_kill_switch_flattens_at_the_exchange_at_once(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        killed = run.now()
        latch(run.owner, run.run.run_id, killed, None, "an operator's reason", {})
        await run.until(lambda: run.position()[0] == "CLOSED")
        assert run.position() == ("CLOSED", 0, "KILL_SWITCH")
        assert (run.now() - killed).total_seconds() < 5
        await run.until(lambda: states(run, "STOP") == ["CANCELED"])
        assert await run.account.open_conditional_orders(BTC) == []

    stage.play(act)


def test_an_order_that_ends_after_its_position_stays_linked_to_it(stage: ExecutionStage) -> None:
    """Its events and fills belong to the position, whichever look hears of its end."""

    async def act(run: ExecutedRun) -> None:
        await opened(run)
        await run.leave()
        await run.until(lambda: not run.is_at_work())
        assert states(run, "STOP") == ["CANCELED"]
        assert run.rows("SELECT role FROM hydra.orders WHERE position_id IS NULL") == []

    stage.play(act)


def test_an_entry_is_not_sent_while_its_stop_cannot_be_placed(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.client.set_faults({"kind": "maintenance", "endpoint": "algoOrder"})
        await run.start()
        await run.decide_entry()
        sendings = "SELECT FROM hydra.order_events WHERE detail @> '{\"sent\": true}'"
        await run.until(lambda: len(run.rows(sendings)) >= 3)
        assert run.rows("SELECT sent_time FROM hydra.orders WHERE role = 'ENTRY'") == [(None,)]
        assert (states(run, "ENTRY"), states(run, "STOP")) == (["PLANNED"], ["PLANNED"])

    stage.play(act)


def test_an_entry_whose_stop_would_fire_at_once_is_not_sent(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.client.set_faults({"kind": "refused", "value": -2021, "endpoint": "algoOrder", "count": 1})
        await run.start()
        await run.decide_entry()
        await run.until(lambda: states(run, "ENTRY") == ["CANCELED"])
        assert run.rows("SELECT sent_time FROM hydra.orders WHERE role = 'ENTRY'") == [(None,)]
        assert states(run, "STOP") == ["REJECTED"]

    stage.play(act)


async def entered_without_a_stop(run: ExecutedRun, fault: dict[str, Any]) -> None:
    """The exchange takes no stop before there is a position; from the entry on `fault` acts."""
    await run.client.set_faults(EARLY_STOPS_REFUSED, {"kind": "maintenance", "endpoint": "order"})
    await run.start()
    await run.decide_entry()
    await run.until(lambda: states(run, "STOP") == ["REJECTED"] * REFUSALS_THAT_COUNT)
    assert states(run, "ENTRY") == ["PLANNED"]
    await run.client.set_faults(fault)


_LEFT: Final = """
SELECT exit_reason_code, extract(epoch FROM closed_time - opened_time) FROM hydra.positions
WHERE state = 'CLOSED'
"""


def test_a_position_whose_stop_is_never_taken_is_closed_within_five_seconds(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await entered_without_a_stop(run, {"kind": "maintenance", "endpoint": "algoOrder"})
        await run.until(lambda: run.rows(_LEFT))
        ((reason, held_s),) = run.rows(_LEFT)
        assert reason == "UNPROTECTED"
        assert held_s <= 5

    stage.play(act)


def test_a_stop_that_would_fire_at_once_closes_the_position(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        fires = {"kind": "refused", "value": -2021, "endpoint": "algoOrder", "count": 1}
        await entered_without_a_stop(run, fires)
        await run.until(lambda: run.rows(_LEFT))
        assert run.rows(_LEFT)[0][0] == "STOP_HIT"

    stage.play(act)


def fired(run: ExecutedRun) -> list[tuple[Any, ...]]:
    """Stops and targets that have filled: the quantity, and whether the id of the child order is known."""
    return run.rows(
        "SELECT filled_quantity, child_order_id IS NOT NULL FROM hydra.orders"
        " WHERE role IN ('STOP', 'TARGET') AND state = 'FILLED'"
    )


def test_a_stop_that_the_mark_reaches_closes_the_position(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.client.set_faults({"kind": "child_first"})
        await run.start()
        while not fired(run):
            # The mark may have passed a level before its order comes to the exchange: once more then.
            await run.decide_entry(stop_pct="0.02", target_pct="0.02")
            await run.until(lambda: not run.is_at_work())
            await asyncio.sleep(1)
        assert fired(run) == [(QUANTITY, True)]
        assert run.rows("SELECT DISTINCT state FROM hydra.positions") == [("CLOSED",)]

    stage.play(act)
