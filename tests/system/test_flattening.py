"""What `hydra kill` takes for flat, and what it says where it cannot ask."""

import asyncio
from contextlib import closing

from hydra.db.engine import connect
from hydra.runtime.flattening import held_at_exchange, wait_until_flat
from hydra.settings import Settings
from hydra.trading.runs import lock_run
from tests.support.reconciled_run import Play, ReconciledRun
from tests.support.served_account import BTC


def test_a_stop_that_waits_is_an_order_of_its_pair(play: Play) -> None:
    async def act(run: ReconciledRun) -> None:
        far = round(await run.mark() * 2, 1)
        stop = {"side": "BUY", "type": "STOP_MARKET", "triggerPrice": far, "closePosition": True}
        answer = await run.client.ask("POST", "algoOrder", symbol=BTC, algoType="CONDITIONAL", **stop)
        assert answer.status == 200, answer.body
        assert await held_at_exchange(run.account, [BTC]) == [f"an order of {BTC}"]
        assert await held_at_exchange(run.account, ["ETHUSDT"]) == []

    play(act)


def test_why_the_exchange_could_not_be_asked_is_said(play: Play) -> None:
    """In another terminal than that of the run its account may be missing."""

    async def act(run: ReconciledRun) -> None:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
        with closing(connect(run.url, autocommit=True)) as supervising:
            lock_run(supervising, run.run.run_id)
            found = await asyncio.to_thread(wait_until_flat, settings, run.owner, run.run, None, 0.0)
        assert not found.is_flat
        assert "could not be asked (" in found.words
        assert "SIMULATED_ACCOUNT_FILE" in found.words

    play(act)
