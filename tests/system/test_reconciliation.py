"""A run compared with its account at the simulated exchange: what differs, and what comes of it."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from hydra.domain import OrderState, ReconciliationCause, Side
from hydra.runtime.reconciling import Reconciling
from hydra.trading.account_differences import read_differing
from tests.support.reconciled_run import BTC_ID, MONEY, QUANTITY, Play, ReconciledRun, buy_by_hand
from tests.support.served_account import BTC, START
from tests.support.waiting import soon

SETTLEMENT: Final = START + timedelta(hours=8)


def test_fills_missed_while_the_user_stream_was_silent_are_booked_and_protected(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter()
        assert run.orders() == [("ENTRY", "OPEN")]
        first = await run.reconcile()
        fills = run.rows("SELECT count(*) FROM hydra.fills")[0][0]
        assert run.found() == ["FILL_MISSED"] * fills + ["ORDER_ENDED", "POSITION_UNPROTECTED"]
        assert (first.found, first.left_open) == (fills + 2, 0)
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "OPEN")]
        assert run.position() == ("OPEN", QUANTITY, None)
        assert await run.stops() == [QUANTITY]
        second = await run.reconcile()
        assert (second.found, second.left_open) == (0, 0)

    play(act)


def test_a_stop_cancelled_by_hand_is_placed_again_and_found_once(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        before = len(run.found())
        await run.client.ask("DELETE", "algoOpenOrders", symbol=BTC)
        first = await run.reconcile()
        assert run.found()[before:] == ["ORDER_ENDED", "POSITION_UNPROTECTED"]
        assert (first.found, first.left_open) == (2, 0)
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "CANCELED"), ("STOP", "OPEN")]
        assert await run.stops() == [QUANTITY]
        assert (await run.reconcile()).found == 0

    play(act)


def test_a_stop_that_the_price_has_passed_is_no_stop_the_position_is_closed_at_market(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter(stop_pct="-1")
        assert (await run.reconcile()).is_clean
        assert run.position() == ("CLOSED", Decimal(0), "UNPROTECTED")
        assert run.orders() == [("ENTRY", "FILLED"), ("EXIT", "FILLED")]
        assert await run.account.positions() == []

    play(act)


def test_a_refused_stop_closes_the_position_at_market(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter(side=Side.SHORT)
        await run.client.set_faults({"kind": "refused", "endpoint": "algoOrder", "value": -2021, "count": 1})
        assert (await run.reconcile()).is_clean
        assert run.position() == ("CLOSED", Decimal(0), "UNPROTECTED")
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "REJECTED"), ("EXIT", "FILLED")]

    play(act)


@pytest.mark.parametrize("kind", ["timeout_before", "lost_answer"])
def test_a_stop_whose_answer_is_lost_is_asked_for_and_placed_once(play: Play, kind: str) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter()
        await run.client.set_faults({"kind": kind, "endpoint": "algoOrder", "count": 1})
        assert (await run.reconcile()).is_clean
        assert await run.stops() == [QUANTITY]
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "OPEN")]

    play(act)


def test_a_manual_position_blocks_its_pair_until_it_is_gone_and_is_never_touched(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        assert (await run.reconcile(ReconciliationCause.START)).is_clean
        await buy_by_hand(run)
        first, second = await run.reconcile(), await run.reconcile()
        assert (first.found, first.left_open) == (1, 1)
        assert (second.found, second.left_open) == (0, 1)
        assert run.standing() == [("POSITION_UNKNOWN", BTC, True)]
        assert read_differing(run.owner, run.run.run_id) == {BTC_ID}
        (held,) = await run.account.positions()
        assert held.quantity == QUANTITY
        assert run.orders() == []
        await buy_by_hand(run, side="SELL", reduceOnly=True)
        third = await run.reconcile()
        assert (third.found, third.left_open) == (0, 0)
        assert read_differing(run.owner, run.run.run_id) == frozenset()

    play(act)


def test_a_manual_position_beside_ours_is_no_part_of_it(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run)
        assert (await run.reconcile()).left_open == 1
        assert run.standing() == [("POSITION_DIFFERS", BTC, True)]
        assert run.position() == ("OPEN", QUANTITY, None)

    play(act)


def test_what_a_stop_that_closes_all_closed_of_others_is_booked_and_stops_nothing(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run)
        await run.close_by_the_closing_stop()
        await run.reconcile()
        assert run.position() == ("CLOSED", Decimal(0), "STOP_HIT")
        closed = run.rows("SELECT sum(filled_quantity) FROM hydra.orders WHERE closes_position")
        assert closed == [(2 * QUANTITY,)]
        assert "POSITION_UNKNOWN" not in run.found()
        await run.reconcile()
        assert {kind for kind, _, _ in run.standing()} <= {"BALANCE_DIFFERS", "INCOME_DIFFERS"}

    play(act, speed=30.0)


def test_rows_that_the_database_refuses_stay_a_difference_that_says_so(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter()
        run.owner.execute("ALTER TABLE hydra.fills ADD CONSTRAINT none_fits CHECK (quantity < 0) NOT VALID")
        try:
            assert (await run.reconcile()).left_open
        finally:
            run.owner.execute("ALTER TABLE hydra.fills DROP CONSTRAINT none_fits")
        said = run.rows("SELECT DISTINCT done FROM hydra.account_differences WHERE kind = 'FILL_MISSED'")
        assert "none_fits" in said[0][0]
        assert run.orders() == [("ENTRY", "OPEN")]
        assert (await run.reconcile()).left_open == 0
        assert run.position() == ("OPEN", QUANTITY, None)

    play(act)


def test_a_manual_order_blocks_its_pair_until_it_is_gone(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        low, far = round(await run.mark() * Decimal("0.97"), 1), round(await run.mark() * Decimal("1.2"), 1)
        limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": low, "quantity": QUANTITY}
        await run.client.ask("POST", "order", symbol=BTC, newClientOrderId="web_1", **limit)
        stop = {"side": "BUY", "type": "STOP_MARKET", "triggerPrice": far, "closePosition": True}
        await run.client.ask(
            "POST", "algoOrder", symbol=BTC, algoType="CONDITIONAL", clientAlgoId="web_2", **stop
        )
        assert (await run.reconcile()).left_open == 2
        assert run.standing() == [("ORDER_UNKNOWN", BTC, True)] * 2
        assert len(await run.account.open_orders(BTC)) == 1
        assert len(await run.account.open_conditional_orders(BTC)) == 1
        await run.client.ask("DELETE", "allOpenOrders", symbol=BTC)
        await run.client.ask("DELETE", "algoOpenOrders", symbol=BTC)
        assert (await run.reconcile()).is_clean

    play(act)


@pytest.mark.parametrize(
    ("fault", "reason"), [("liquidation", "LIQUIDATED"), ("auto_deleverage", "CLOSED_ELSEWHERE")]
)
def test_a_position_that_the_exchange_closed_is_booked_from_its_trades(
    play: Play, fault: str, reason: str
) -> None:
    """Its stop goes, and the wallet is what the tables say, the costs of a liquidation included."""

    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        before = len(run.found())
        await run.client.set_faults({"kind": fault, "value": 50})
        await soon(run.is_flat)
        await run.client.set_faults()
        assert (await run.reconcile()).is_clean
        assert run.found()[before:] == ["POSITION_CLOSED", "ORDER_LIVES_ON", "ORDER_ENDED"]
        assert run.position() == ("CLOSED", Decimal(0), reason)
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "CANCELED"), ("EXIT", "FILLED")]
        assert await run.account.open_conditional_orders(BTC) == []
        assert (await run.reconcile()).found == 0
        assert run.audited(MONEY) == []

    play(act)


def test_a_position_closed_by_hand_is_booked_as_closed_elsewhere(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run, side="SELL", reduceOnly=True, quantity="0.004")
        assert (await run.reconcile()).is_clean
        assert run.position() == ("OPEN", QUANTITY - Decimal("0.004"), None)
        await buy_by_hand(run, side="SELL", reduceOnly=True, quantity="0.006")
        assert (await run.reconcile()).is_clean
        assert run.position() == ("CLOSED", Decimal(0), "CLOSED_ELSEWHERE")
        assert run.audited(MONEY) == []

    play(act)


def test_funding_is_booked_from_the_exchange_s_income(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await soon(lambda: run.now() > SETTLEMENT + timedelta(seconds=1))
        assert (await run.reconcile()).found == 0
        ((paid, booked),) = run.rows(
            "SELECT n.amount, p.funding_usd FROM hydra.exchange_income AS n"
            " JOIN hydra.positions AS p USING (position_id) WHERE n.kind = 'FUNDING_FEE'"
        )
        assert paid == booked != 0
        assert (await run.reconcile()).is_clean

    play(act, SETTLEMENT - timedelta(minutes=1), speed=12)


def test_an_order_that_came_although_its_answer_was_lost_is_taken_as_open(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        plan = await run.plan_entry(OrderState.UNKNOWN, limit_pct="3")
        await run.account.place(BTC, plan)
        assert (await run.reconcile()).is_clean
        assert run.found() == ["ORDER_ARRIVED"]
        assert run.orders() == [("ENTRY", "OPEN")]

    play(act)


def test_an_exit_whose_process_died_before_its_answer_is_no_strangers(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await run.leave_unanswered()
        assert (await run.reconcile(ReconciliationCause.START)).is_clean
        assert run.position() == ("CLOSED", Decimal(0), "THESIS_BROKEN")
        assert run.orders()[-1] == ("EXIT", "FILLED")
        assert (await run.reconcile()).is_clean
        assert run.audited(MONEY) == []

    play(act)


def test_an_order_that_never_came_has_ended(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.plan_entry(OrderState.UNKNOWN)
        assert (await run.reconcile()).is_clean
        assert run.found() == ["ORDER_NOT_FOUND"]
        assert run.orders() == [("ENTRY", "REJECTED")]

    play(act)


def test_an_order_that_lives_on_is_cancelled_at_the_exchange(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.account.place(BTC, await run.plan_entry(OrderState.CANCELED, limit_pct="3"))
        assert (await run.reconcile()).is_clean
        assert run.found() == ["ORDER_LIVES_ON"]
        assert await run.account.open_orders(BTC) == []

    play(act)


def test_a_comparison_records_why_how_long_and_how_many(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.enter()
        await run.reconcile(ReconciliationCause.RECONNECT)
        rows = run.rows(
            "SELECT cause, duration_s > 0, differences > 0, left_open, wallet_usd < 5000, begins_ledger"
            " FROM hydra.reconciliations ORDER BY 1 DESC"
        )
        assert rows == [("START", True, False, 0, False, True), ("RECONNECT", True, True, 0, True, False)]
        said = run.rows("SELECT done, mended_time IS NOT NULL FROM hydra.account_differences")
        assert all(done and is_mended for done, is_mended in said)

    play(act)


def test_comparisons_are_made_again_and_again_and_each_says_why(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        said: list[str] = []
        reconciling = Reconciling(run.reconciliation, 0.5, said.append, rest_s=0.2)
        assert await reconciling.compare()
        comparing = asyncio.ensure_future(reconciling.run())
        await buy_by_hand(run)
        reconciling.ask(ReconciliationCause.RECONNECT)
        await soon(run.standing)
        await buy_by_hand(run, side="SELL", reduceOnly=True)
        await soon(lambda: not run.standing())
        comparing.cancel()
        await asyncio.gather(comparing, return_exceptions=True)
        causes = run.rows("SELECT cause FROM hydra.reconciliations ORDER BY reconciliation_id")
        assert [row[0] for row in causes][:3] == ["START", "RECONNECT", "MINUTE"]
        assert said == []

    play(act)
