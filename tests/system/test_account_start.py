"""Before a run trades at an exchange: its account is examined, and compared with the tables."""

import asyncio
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from psycopg import sql

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import ReconciliationCause, TradingMode
from hydra.errors import StopError
from hydra.runtime.account_start import (
    examine_before,
    reconcile_at_start,
    refuse_differences,
    wallet_usd,
)
from hydra.settings import Settings
from hydra.trading.runs import read_run
from tests.support.reconciled_run import Play, ReconciledRun
from tests.support.served_account import BTC, served_account
from tests.support.servers.logins import as_role


def settings_of(url: str, file: Path) -> Settings:
    return Settings(  # type: ignore[call-arg]  # an argument of the base class
        _env_file=None,
        exchange_url=url,
        simulated_account_file=file,
        trading_mode=TradingMode.TESTNET,
    )


def test_an_account_that_may_be_traded_is_taken_with_its_wallet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    file = tmp_path / "account.toml"

    async def play() -> None:
        async with served_account(file) as (_, client):
            settings, told = settings_of(client.url, file), list[str]()
            await asyncio.to_thread(examine_before, settings, "simulated", told.append)
            assert await asyncio.to_thread(wallet_usd, settings, "simulated") == Decimal(5_000)
            assert not any("traded there" in sentence for sentence in told)

    asyncio.run(play())


def test_a_key_that_may_withdraw_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    file = tmp_path / "account.toml"

    async def play() -> None:
        async with served_account(file):
            pass
        file.write_text(file.read_text().replace("[account]", "[account]\nkey_can_withdraw = true"))
        async with served_account(file) as (_, client):
            settings = settings_of(client.url, file)
            with pytest.raises(StopError, match=r"the key may trade and withdraw .take withdrawals from"):
                await asyncio.to_thread(examine_before, settings, "simulated", print)

    asyncio.run(play())


_OF_A_POSITION = ("order_events", "fills", "position_events", "orders", "positions")


def test_a_position_that_a_restored_database_does_not_know_keeps_its_stop_and_its_pair_out(
    play: Play,
) -> None:
    """The rows of everything since the dump are gone."""

    async def act(run: ReconciledRun) -> None:
        await run.open_position()
        for table in _OF_A_POSITION:
            run.owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("hydra", table)))
        reconciled = await run.reconcile(ReconciliationCause.START)
        kinds = {(kind, blocks) for kind, symbol, blocks in run.standing() if symbol == BTC}
        assert {("POSITION_UNKNOWN", True), ("ORDER_UNKNOWN", True)} <= kinds
        assert len(await run.stops()) == 1
        live = replace(run.run, mode=TradingMode.LIVE)
        with pytest.raises(StopError, match="does not start"):
            refuse_differences(run.owner, live, reconciled, print)

    play(act)


def test_live_does_not_start_with_a_difference_that_a_person_has_to_judge_and_testnet_tells_it(
    play: Play,
) -> None:
    async def act(run: ReconciledRun) -> None:
        await run.reconcile(ReconciliationCause.START)
        told: list[str] = []
        refuse_differences(run.owner, run.run, await run.reconcile(), told.append)
        assert told == []
        await run.client.ask(
            "POST", "order", symbol=BTC, side="BUY", type="MARKET", quantity="0.01", newClientOrderId="own"
        )
        reconciled = await run.reconcile()
        assert reconciled.left_open > 0
        refuse_differences(run.owner, run.run, reconciled, told.append)
        assert "position unknown BTCUSDT" in told[0]
        live = replace(run.run, mode=TradingMode.LIVE)
        with pytest.raises(StopError, match=r"run 1 does not start: .*position unknown BTCUSDT.*hydra adopt"):
            refuse_differences(run.owner, live, reconciled, told.append)

    play(act)


@pytest.mark.parametrize(
    ("fault", "endpoint"),
    [
        ("empty_answer", "openOrders"),
        ("http_5xx", "openOrders"),
        ("http_5xx", "time"),
    ],
)
def test_a_start_asks_again_when_an_answer_cannot_be_used(
    play: Play, tmp_path: Path, fault: str, endpoint: str
) -> None:
    async def act(run: ReconciledRun) -> None:
        venue = f'"{run.account.venue}"'
        run.owner.execute(
            "UPDATE hydra.runs SET config = jsonb_set(config, '{exchange,venue}', %s::jsonb)", [venue]
        )
        recorded = read_run(run.owner, run.run.run_id)
        settings = settings_of(run.client.url, tmp_path / "account.toml")
        await run.client.set_faults({"kind": fault, "endpoint": endpoint, "count": 1})
        with closing(connect(as_role(run.url, Role.WORKER), autocommit=True)) as connection:
            reconciled = await asyncio.to_thread(reconcile_at_start, settings, recorded, connection)
        assert reconciled.is_clean
        assert [one.acted for one in run.exchange.faults.active] == [1]

    play(act)
