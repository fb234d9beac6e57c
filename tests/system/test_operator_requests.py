"""`hydra adopt` and `hydra flatten` as the process that trades carries them out at the simulated exchange."""

from decimal import Decimal

import pytest

from hydra.domain import ReconciliationCause, RequestVerb, Side
from hydra.trading.operator_requests import AdoptedExits, RequestAnswer, add_request, answer_of
from tests.support.reconciled_run import BTC_ID, MONEY, QUANTITY, Play, ReconciledRun, buy_by_hand
from tests.support.served_account import BTC

AUDITS = (*MONEY, "order_larger_than_decision", "veto_turned_into_trade", "entry_while_killed")


async def asked(
    run: ReconciledRun,
    verb: RequestVerb,
    symbol: str = BTC,
    stop_pct: str | None = "-3",
    instrument_id: int | None = BTC_ID,
) -> RequestAnswer:
    """What comes of a request. stop_pct: of a position that is taken over, from the mark."""
    exits = None
    if verb is RequestVerb.ADOPT and stop_pct is not None:
        stop = round(await run.mark() * (1 + Decimal(stop_pct) / 100), 1)
        exits = AdoptedExits(stop, None, Decimal(4))
    number = add_request(run.owner, run.run.run_id, verb, (symbol, instrument_id), exits, ("anna", "mine"))
    assert answer_of(run.owner, number) is None
    await run.reconcile(ReconciliationCause.OPERATOR)
    answer = answer_of(run.owner, number)
    assert answer is not None
    return answer


def test_a_manual_position_that_is_adopted_is_protected_and_kept_as_any_other(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.decide()
        run.owner.execute(
            "UPDATE hydra.risk_decisions SET approved = false, reason_code = 'NO_SIGNAL', source = NULL,"
            " recommended_size_usd = NULL"
        )
        await buy_by_hand(run)
        far = round(await run.mark() * Decimal("0.9"), 1)
        stop = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": far, "closePosition": True}
        await run.client.ask("POST", "algoOrder", symbol=BTC, algoType="CONDITIONAL", **stop)
        assert (await run.reconcile()).left_open == 2
        answer = await asked(run, RequestVerb.ADOPT)
        assert answer.is_done, answer.words
        assert "0.010 of BTCUSDT are now a position of run 1; a stop was placed at" in answer.words
        assert "orders cancelled that HYDRA did not send: 1" in answer.words
        assert run.standing() == []
        assert run.position() == ("OPEN", QUANTITY, None)
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "OPEN")]
        assert await run.stops() == [QUANTITY]
        await buy_by_hand(run, side="SELL", reduceOnly=True)
        assert (await run.reconcile()).is_clean
        assert run.audited(AUDITS) == []

    play(act)


def test_what_somebody_added_to_a_position_can_be_adopted_too(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run, quantity="0.005")
        answer = await asked(run, RequestVerb.ADOPT)
        assert answer.is_done, answer.words
        assert run.standing() == []
        assert run.position() == ("OPEN", QUANTITY + Decimal("0.005"), None)
        assert await run.stops() == [QUANTITY + Decimal("0.005")]
        assert run.audited(AUDITS) == []

    play(act)


def test_what_cannot_be_adopted_is_refused_in_words_and_stays_as_it_is(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        assert "has no position that this run can take over" in (await asked(run, RequestVerb.ADOPT)).words
        await buy_by_hand(run)
        assert "has not decided a minute" in (await asked(run, RequestVerb.ADOPT)).words
        await run.decide()
        assert "would fire at once" in (await asked(run, RequestVerb.ADOPT, stop_pct="1")).words
        assert "with a stop" in (await asked(run, RequestVerb.ADOPT, stop_pct=None)).words
        assert run.standing() == [("POSITION_UNKNOWN", BTC, True)]
        assert run.orders() == []

    play(act)


def test_the_other_side_of_a_position_cannot_be_adopted(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run, side="SELL", quantity="0.020")
        answer = await asked(run, RequestVerb.ADOPT, stop_pct="3")
        assert (answer.is_done, "flatten it first" in answer.words) == (False, True)

    play(act)


@pytest.mark.parametrize("faults", [[], [{"kind": "timeout_after", "endpoint": "order", "count": 1}]])
def test_a_flattened_pair_is_flat_and_has_no_orders(play: Play, faults: list[dict[str, object]]) -> None:
    """HYDRA's part and somebody else's; an answer that is lost closes nothing twice."""

    async def act(run: ReconciledRun) -> None:
        await run.open_position(side=Side.SHORT)
        await buy_by_hand(run, side="SELL", quantity="0.004")
        low = round(await run.mark() * Decimal("0.97"), 1)
        limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": low, "quantity": QUANTITY}
        await run.client.ask("POST", "order", symbol=BTC, **limit)
        await run.client.set_faults(*faults)
        answer = await asked(run, RequestVerb.FLATTEN)
        assert answer.is_done, answer.words
        assert "a position of -0.014 was closed at market, 2 orders were cancelled" in answer.words
        assert await run.account.positions() == []
        assert [*await run.account.open_orders(), *await run.account.open_conditional_orders()] == []
        assert run.position() == ("CLOSED", Decimal(0), "FLATTENED")
        assert run.standing() == []
        assert run.audited(AUDITS) == []

    play(act)


def test_a_pair_that_the_run_does_not_trade_can_be_flattened(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await buy_by_hand(run)
        answer = await asked(run, RequestVerb.FLATTEN, instrument_id=None)
        assert answer.is_done, answer.words
        assert await run.account.positions() == []

    play(act)


def test_a_balance_that_nothing_explains_stands_until_an_operator_takes_it_over(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        served = run.exchange.account
        assert served is not None
        served.kept.account.store.wallet.balance_usd -= 100
        assert (await run.reconcile()).left_open == 1
        assert run.standing() == [("BALANCE_DIFFERS", "USDT", False)]
        answer = await asked(run, RequestVerb.ADOPT, "USDT", instrument_id=None)
        assert answer.is_done
        assert run.standing() == []

    play(act)
