"""`hydra adopt` and `hydra flatten` as the process that trades carries them out at the simulated exchange."""

import asyncio
from contextlib import closing
from decimal import Decimal

import pytest

from hydra.db.engine import connect
from hydra.domain import OrderRole, ReconciliationCause, RequestVerb, Side
from hydra.layers.layer5_orders import client_order_id
from hydra.trading.operator_requests import AdoptedExits, RequestAnswer, add_request, answer_of
from hydra.trading.pair_state_rows import read_pair_states
from hydra.trading.runs import lock_run
from tests.support.command_line import Answer, hydra
from tests.support.reconciled_run import BTC_ID, MONEY, QUANTITY, Act, Play, ReconciledRun, buy_by_hand
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
            " side = NULL, recommended_size_usd = NULL, recommended_leverage = NULL, reference_price = NULL,"
            " stop_loss_price = NULL, take_profit_price = NULL, max_holding_hours = NULL"
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


def test_the_exit_of_an_adopted_position_has_an_id_of_its_own(play: Play) -> None:
    """The decision that it counts to has led to a position before, which was left."""

    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await run.leave_unanswered()
        assert (await run.reconcile()).is_clean
        await buy_by_hand(run)
        answer = await asked(run, RequestVerb.ADOPT)
        assert answer.is_done, answer.words
        position = read_pair_states(run.owner, run.run.run_id)[BTC_ID].position
        assert position is not None
        used = {row[0] for row in run.rows("SELECT client_order_id FROM hydra.orders")}
        key = run.key(BTC_ID, position.decision_time)
        assert client_order_id(key, OrderRole.EXIT, 0) in used
        assert client_order_id(key, OrderRole.EXIT, position.exits_sent) not in used

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


def test_a_position_that_is_gone_without_a_reason_counts_as_closed_when_the_operator_says_so(
    play: Play,
) -> None:
    """Somebody added to it, then closed all of it: whose part each trade was is not known."""

    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        await buy_by_hand(run, quantity="0.005")
        await run.reconcile()
        await buy_by_hand(run, side="SELL", reduceOnly=True, quantity="0.015")
        await run.reconcile()
        assert run.standing() == [("POSITION_DIFFERS", BTC, True)]
        answer = await asked(run, RequestVerb.ADOPT, stop_pct=None)
        assert (answer.is_done, answer.words) == (True, "0.010 of BTCUSDT count as closed in run 1")
        assert run.standing() == []
        assert run.position() == ("CLOSED", Decimal(0), "CLOSED_ELSEWHERE")
        assert await run.account.open_conditional_orders(BTC) == []
        assert run.audited(AUDITS) == []

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
        assert [*await run.account.open_orders(BTC), *await run.account.open_conditional_orders(BTC)] == []
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


async def commanded(run: ReconciledRun, *arguments: str) -> Answer:
    """What a command prints while the process that trades compares again and again."""
    command = asyncio.ensure_future(asyncio.to_thread(hydra, *arguments))
    while not command.done():
        await run.reconcile()
        await asyncio.sleep(0.1)
    return await command


@pytest.fixture
def supervised(play: Play, monkeypatch: pytest.MonkeyPatch) -> Play:
    """The same with a run that a process supervises, and commands that find its database."""

    def act_out(act: Act) -> None:
        async def with_lock(run: ReconciledRun) -> None:
            monkeypatch.setenv("HYDRA_DATABASE_URL", run.url)
            with closing(connect(run.url, autocommit=True)) as supervisor:
                lock_run(supervisor, run.run.run_id)
                await act(run)

        play(with_lock)

    return act_out


def test_flatten_says_what_stands_what_it_did_and_what_is_next(supervised: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await buy_by_hand(run)
        await run.reconcile()
        answer = await commanded(run, "flatten", "btc", "--reason", "not mine", "--yes")
        assert answer.status == 0, answer.err
        assert "BTCUSDT, position unknown since 2026-11-01 00:00 UTC: the tables say nothing" in answer.err
        assert "the exchange says leverage 10, quantity 0.010" in answer.err
        assert "Run 1: a position of 0.010 was closed at market, 0 orders were cancelled" in answer.out
        assert "`hydra kill --run 1 --symbol BTCUSDT --reason TEXT` keeps it out." in answer.out
        stored = run.rows("SELECT verb, symbol, reason, is_done FROM hydra.operator_requests")
        assert stored == [("FLATTEN", "BTCUSDT", "not mine", True)]

    supervised(act)


def test_adopt_takes_over_a_position_and_names_its_exits(supervised: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        await run.decide()
        await buy_by_hand(run)
        stop = str(round(await run.mark() * Decimal("0.97"), 1))
        answer = await commanded(run, "adopt", "BTC", "--stop", stop, "--reason", "mine", "--yes")
        assert answer.status == 0, answer.err
        assert f"stop at {stop}, target twice as far away, closed after 24 hours" in answer.err
        assert f"a stop was placed at {stop}" in answer.out
        refused = await commanded(run, "adopt", "BTC", "--stop", stop, "--reason", "mine", "--yes")
        assert (refused.status, "is HYDRA's already" in refused.err) == (1, True)

    supervised(act)


REFUSED = [
    (["flatten", "BTC", "--reason", " "], "give a reason in words"),
    (["flatten", "BTC", "--reason", "x", "--run", "9"], "run 9 does not trade at an exchange"),
    (["adopt", "BTC", "--reason", "x", "--stop", "-1"], "write a price above 0"),
    (["adopt", "BTC", "--reason", "x", "--stop", "NaN"], "write a price above 0"),
    (["adopt", "SOL", "--reason", "x", "--stop", "1"], "does not trade SOL"),
    (["flatten", "[/red]", "--reason", "x"], "does not trade [/RED]"),
    (["flatten", "BTC", "--reason", "x"], "nothing was done: the question was not answered with yes"),
]


def test_what_is_refused_or_not_answered_stores_nothing(supervised: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        for arguments, words in REFUSED:
            answer = await commanded(run, *arguments)
            assert (answer.status, words in answer.err) == (1, True), answer.err
        assert run.rows("SELECT count(*) FROM hydra.operator_requests") == [(0,)]

    supervised(act)


def test_a_request_to_a_run_that_nobody_trades_waits(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(run: ReconciledRun) -> None:
        monkeypatch.setenv("HYDRA_DATABASE_URL", run.url)
        answer = await asyncio.to_thread(hydra, "flatten", "BTC", "--reason", "x", "--yes")
        assert (answer.status, "`hydra run --resume 1`" in answer.err) == (1, True)
        again = await asyncio.to_thread(hydra, "flatten", "BTC", "--reason", "x", "--yes")
        assert "another request for BTCUSDT waits" in again.err
        await run.reconcile(ReconciliationCause.START)
        assert run.rows("SELECT is_done FROM hydra.operator_requests") == [(True,)]

    play(act)
