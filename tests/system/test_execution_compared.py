"""Execution and comparison of one run side by side, as its process has them: they do not act twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import OrderType
from hydra.reconciliation.reconcile import Reconciliation
from hydra.runtime.reconciling import Reconciling
from tests.support.executed_run import ExecutedRun, ExecutionStage
from tests.support.reconciled_run import QUANTITY
from tests.support.served_account import BTC
from tests.support.servers.logins import as_role


@asynccontextmanager
async def compared(run: ExecutedRun, url: str) -> AsyncIterator[Reconciling]:
    """The run executed, and compared when the test says so: more often would take what may be asked."""
    with closing(connect(as_role(url, Role.WORKER), autocommit=True)) as worker:
        reconciliation = Reconciliation(worker, run.run, run.account, run.now, run.key, 0.05)
        reconciling = Reconciling(reconciliation, 0.5, run.told.append, rest_s=0.2)
        assert await reconciling.compare()
        await run.start()
        yield reconciling


def test_a_comparison_in_the_middle_of_an_entry_disturbs_nothing(
    stage: ExecutionStage, database: str
) -> None:
    async def act(run: ExecutedRun) -> None:
        async with compared(run, database) as reconciling:
            await run.decide_entry()
            await run.until(lambda: run.orders()[0] == ("ENTRY", "FILLED"))
            await reconciling.compare()
            await run.until(lambda: "PROTECTED" in run.position_events())
            await reconciling.compare()
            assert run.standing() == []
            assert await run.stops() == [QUANTITY]

    stage.play(act)


def test_a_comparison_while_an_entry_waits_leaves_its_stop_alone(
    stage: ExecutionStage, database: str
) -> None:
    async def act(run: ExecutedRun) -> None:
        async with compared(run, database) as reconciling:
            await run.decide_entry(order_type=OrderType.POST_ONLY, away_pct="1")
            await run.until(lambda: sorted(run.orders()) == [("ENTRY", "OPEN"), ("STOP", "OPEN")])
            await reconciling.compare()
            assert run.standing() == []
            assert await run.stops() == [QUANTITY]

    stage.play(act)


def test_a_stop_cancelled_by_hand_stands_again_once(stage: ExecutionStage, database: str) -> None:
    async def act(run: ExecutedRun) -> None:
        async with compared(run, database) as reconciling:
            await run.decide_entry()
            await run.until(lambda: "PROTECTED" in run.position_events())
            await run.client.ask("DELETE", "algoOpenOrders", symbol=BTC)
            await reconciling.compare()
            await run.until(lambda: [state for role, state in run.orders() if role == "STOP"][1:] == ["OPEN"])
            await reconciling.compare()
            assert run.standing() == []
            assert await run.stops() == [QUANTITY]

    stage.play(act)
