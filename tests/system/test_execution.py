"""A run's orders executed at the simulated exchange, with a real database, under the faults of the exchange."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hydra.db.edition import Edition
from tests.support.executed_run import ExecutedRun, executed_run
from tests.support.servers.databases import TestServer
from tests.support.waiting import PATIENCE_S

Act = Callable[[ExecutedRun], Awaitable[None]]
Play = Callable[[Act], None]
QUANTITY = Decimal("0.010")


@pytest.fixture
def play(
    servers: dict[Edition, TestServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Play]:
    """Plays an act on a new run with a new account; on one edition: SQL is not the point."""
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    with servers[Edition.APACHE].migrated() as url:

        def act_out(act: Act) -> None:
            async def whole() -> None:
                async with executed_run(url, tmp_path) as run:
                    await asyncio.wait_for(act(run), PATIENCE_S)

            asyncio.run(whole())

        yield act_out


def test_an_entry_is_sent_and_what_filled_is_protected(play: Play) -> None:
    async def act(run: ExecutedRun) -> None:
        await run.start()
        await run.decide_entry()
        await run.until(lambda: ("TARGET", "OPEN") in run.orders())
        await run.until(
            lambda: run.rows("SELECT 1 FROM hydra.position_events WHERE kind = 'PROTECTED'")
        )
        assert run.orders() == [("ENTRY", "FILLED"), ("STOP", "OPEN"), ("TARGET", "OPEN")]
        assert run.position() == ("OPEN", QUANTITY, None)
        assert await run.stops() == [QUANTITY]
        print(run.rows("SELECT o.role, e.sequence, e.time, e.state, e.detail FROM hydra.order_events e JOIN hydra.orders o USING (order_id) ORDER BY o.order_id, sequence"))
        print(run.rows("SELECT * FROM hydra.position_events"))
        print(run.told)

    play(act)
