"""A run compared with its account at the simulated exchange: what differs, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from hydra.db.edition import Edition
from hydra.domain import ReconciliationCause
from tests.support.reconciled_run import QUANTITY, ReconciledRun, reconciled_run
from tests.support.served_account import START
from tests.support.servers.databases import TestServer
from tests.support.waiting import PATIENCE_S

Act = Callable[[ReconciledRun], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play(
    servers: dict[Edition, TestServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Play]:
    """Plays an act on a new run with a new account; on one edition: the comparison has its tests on both."""
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    with servers[Edition.APACHE].migrated() as url:

        def act_out(act: Act, start: datetime = START) -> None:
            async def whole() -> None:
                async with reconciled_run(url, tmp_path, start) as run:
                    await asyncio.wait_for(act(run), PATIENCE_S)

            asyncio.run(whole())

        yield act_out


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
