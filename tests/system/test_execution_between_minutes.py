"""The execution process without a stage: checks of positions, ends of entries, the timer of the exchange."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hydra.domain import ExitUrgency, OrderRole, OrderState, OrderType
from hydra.exchange.connect import trading_account
from hydra.execution.entry_guard import EntryGuard
from hydra.layers.layer5_orders import OrderPlan
from hydra.settings import Settings
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.news_rows import add_view
from tests.support.paper_market import assessed
from tests.support.reconciled_run import BTC_ID
from tests.support.rows import add, candle
from tests.support.served_account import BTC, served_account
from tests.support.waiting import PATIENCE_S


async def opened(run: ExecutedRun) -> None:
    """A position that is protected."""
    await run.start()
    await run.decide_entry()
    protected = "SELECT 1 FROM hydra.position_events WHERE kind = 'PROTECTED'"
    await run.until(lambda: run.rows(protected))


def decided(run: ExecutedRun, mark: Decimal, **said: Any) -> None:
    """A minute that closed just now, in which layer 2 assessed BTC."""
    now = run.now()
    key = {"run_id": run.run.run_id, "time": now}
    add(run.owner, "market.candles_1m", candle(BTC_ID, now - timedelta(minutes=1), now, (float(mark),) * 4))
    cycle = {"state": "CLOSED", "as_of": now, "code_version": run.run.code_version}
    add(run.owner, "hydra.cycles", {**key, **cycle})
    add(run.owner, "hydra.assessments", {**key, "instrument_id": BTC_ID, **assessed(**said)})


def mark_heard(run: ExecutedRun, mark: Decimal) -> None:
    """The exchange streams this mark price."""
    now = run.now()
    told = {"index_price": mark, "predicted_rate": 0, "next_settlement": now + timedelta(hours=1)}
    key = {"instrument_id": BTC_ID, "time": now, "known_at": now}
    add(run.owner, "market.premium_index", {**key, "mark_price": mark, **told})


CHECKED = "SELECT reason_code FROM hydra.position_events WHERE kind = 'CHECKED'"


def test_a_move_of_the_mark_price_checks_a_position_at_once_and_a_cascade_closes_it(
    stage: ExecutionStage,
) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        mark = await run.mark()
        decided(run, mark, reason_code="CASCADE", tradability="BLOCK")
        mark_heard(run, mark * Decimal("1.002"))
        await run.until(lambda: run.rows("SELECT 1 FROM hydra.positions WHERE state = 'CLOSED'"))
        assert run.position()[2] == "CASCADE"
        assert [row[0] for row in run.rows(CHECKED)] == ["CASCADE"]

    stage.play(act)


def test_a_check_that_demands_nothing_leaves_no_event(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        mark = await run.mark()
        decided(run, mark)
        for step in range(4):
            mark_heard(run, mark * (1 + Decimal("0.002") * step))
            await asyncio.sleep(0.6)
        assert run.rows(CHECKED) == []
        assert run.position()[0] == "OPEN"

    stage.play(act)


def told(run: ExecutedRun, action: str, confidence: str, known_at: datetime) -> None:
    """A view of BTC that is known from then on."""
    time = known_at - timedelta(seconds=5)
    add_view(run.owner, run.run.run_id, BTC_ID, time, action, confidence, known_at=known_at)


EXITS = "SELECT reason_code FROM hydra.orders WHERE role = 'EXIT'"


def test_a_sure_exit_of_the_news_closes_a_position_at_the_exchange(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run)
        told(run, "exit", "high", run.now())
        mark = await run.mark()
        decided(run, mark)
        mark_heard(run, mark * Decimal("1.002"))
        await run.until(lambda: run.rows(EXITS))
        assert run.rows(EXITS)[0][0] == "NEWS_EXIT"
        assert {row[0] for row in run.rows(CHECKED)} == {"NEWS_EXIT"}

    stage.play(act)


def test_an_unsure_exit_and_one_from_before_the_position_close_nothing_at_the_exchange(
    stage: ExecutionStage,
) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.start()
        told(run, "exit", "high", run.now() - timedelta(seconds=30))
        await run.decide_entry()
        await run.until(lambda: run.rows("SELECT 1 FROM hydra.position_events WHERE kind = 'PROTECTED'"))
        mark = await run.mark()
        for step, confidence in enumerate((None, "low")):
            if confidence is not None:
                # A hold between them: no two exits in a row.
                told(run, "hold", "low", run.now() - timedelta(seconds=1))
                told(run, "exit", confidence, run.now())
            decided(run, mark)
            mark_heard(run, mark * (1 + Decimal("0.002") * (step + 1)))
            await asyncio.sleep(1.2)
        assert run.rows(CHECKED) == []
        assert run.rows(EXITS) == []
        assert run.position()[0] == "OPEN"

    stage.play(act)


def test_a_run_that_is_stopped_cancels_its_entries_and_keeps_its_position(stage: ExecutionStage) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.start()
        await run.decide_entry(order_type=OrderType.POST_ONLY, away_pct="3")
        await run.until(lambda: sorted(run.orders()) == [("ENTRY", "OPEN"), ("STOP", "OPEN")])
        assert await run.executor.unheld_entries() == {BTC}
        await run.executor.end_entries()
        assert sorted(run.orders()) == [("ENTRY", "CANCELED"), ("STOP", "CANCELED")]
        assert await run.account.open_orders(BTC) == []
        assert await run.account.open_conditional_orders(BTC) == []

    stage.play(act)


def test_a_run_that_is_stopped_leaves_no_passive_exit_behind(stage: ExecutionStage) -> None:
    """Resting alone it would make the exchange refuse what a stop becomes when it fires (-4118)."""

    async def act(run: ExecutedRun) -> None:
        await run.start()
        await run.decide_entry()
        await run.until(lambda: run.rows("SELECT 1 FROM hydra.position_events WHERE kind = 'PROTECTED'"))
        await run.leave(ExitUrgency.ORDINARY)
        await run.until(lambda: ("EXIT", "OPEN") in run.orders() or run.position()[0] == "CLOSED")
        await run.executor.end_entries()
        assert [one for one in await run.account.open_orders(BTC) if one.reduce_only] == []
        assert run.position()[0] == "CLOSED"

    stage.play(act)


def test_an_entry_ends_by_the_timer_of_the_exchange_when_nobody_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    file = tmp_path / "account.toml"

    async def play() -> None:
        async with served_account(file, speed=60.0) as (exchange, client):
            settings = Settings(_env_file=None, exchange_url=client.url, simulated_account_file=file)  # type: ignore[call-arg]
            account = await asyncio.to_thread(trading_account, settings, "simulated")

            async def entries() -> set[str]:
                return {BTC}

            def now() -> datetime:
                return datetime.fromtimestamp(exchange.clock.now_ms() / 1_000, UTC)

            told: list[str] = []
            guard = asyncio.ensure_future(EntryGuard([], account, entries, now, told.append).run())
            plan = OrderPlan(
                "hy-entry-guarded", OrderRole.ENTRY, OrderType.POST_ONLY, True, Decimal("0.010"), False,
                limit_price=Decimal(20_000),
            )  # fmt: skip
            await account.place(BTC, plan)
            began = now()
            while now() - began < timedelta(seconds=200):
                await asyncio.sleep(0.2)
            assert [one.client_order_id for one in await account.open_orders(BTC)] == ["hy-entry-guarded"]
            guard.cancel()
            with suppress(asyncio.CancelledError):
                await guard
            while await account.open_orders(BTC):
                await asyncio.sleep(0.2)
            seen = await account.order(BTC, "hy-entry-guarded")
            assert seen is not None
            assert (seen.state, told) == (OrderState.CANCELED, [])
            await account.close()

    asyncio.run(asyncio.wait_for(play(), PATIENCE_S))
