"""A run's orders executed at the simulated exchange, with a real database, under the faults of the exchange.

After each test the tables and the exchange agree on orders, fills, fees and positions, the audits find
nothing, and nothing was held without a stop for more than five seconds (tests/support/executed_run.py).
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hydra.db.edition import Edition
from hydra.domain import OrderType
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.servers.databases import TestServer

QUANTITY = Decimal("0.010")


@pytest.fixture(scope="module")
def stage(
    servers: dict[Edition, TestServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExecutionStage]:
    """On one edition: SQL is not the point."""
    folder: Path = tmp_path_factory.mktemp("execution")
    with (
        pytest.MonkeyPatch.context() as patch,
        servers[Edition.APACHE].migrated() as url,
        asyncio.Runner() as runner,
    ):
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        stage = ExecutionStage(runner, url, folder / "account.toml")
        stage.open()
        yield stage
        stage.close()


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
        listed = await run.account.open_conditional_orders()
        kinds = {(one.order_type, one.reduce_only) for one in listed}
        assert kinds == {(OrderType.STOP_MARKET, True), (OrderType.TAKE_PROFIT_MARKET, True)}
        ids = run.rows("SELECT exchange_order_id FROM hydra.orders WHERE role IN ('STOP', 'TARGET')")
        assert {row[0] for row in ids} == {str(one.exchange_order_id) for one in listed}

    stage.play(act)


MAYBE = ("timeout_after", "timeout_before", "unknown_after", "unknown_before", "lost_answer", "lost_request",
         "empty_answer")  # fmt: skip


@pytest.mark.parametrize("kind", MAYBE)
@pytest.mark.parametrize("endpoint", ["order", "algoOrder"])
def test_an_order_whose_answer_is_maybe_is_neither_lost_nor_doubled(
    stage: ExecutionStage, kind: str, endpoint: str
) -> None:
    async def act(run: ExecutedRun) -> None:
        await opened(run, {"kind": kind, "endpoint": endpoint, "count": 1})
        assert states(run, "ENTRY") == ["FILLED"]
        assert await run.position_shown() == QUANTITY
        assert await run.stops() == [QUANTITY]

    stage.play(act)
