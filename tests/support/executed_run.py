"""A run whose orders are executed at a simulated exchange, both in the loop of the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import OrderRole, OrderType, Side
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.executor import Executor
from hydra.execution.pair_rows import PairRows
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, client_order_id
from hydra.trading.live_venue import live_venue
from hydra.trading.pair_state import Order, PairState, planned_order
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import rules_of_run
from tests.support.paper_market import APPROVED, CHOSEN
from tests.support.reconciled_run import BTC_ID, ETH_ID, ReconciledRun
from tests.support.rows import add
from tests.support.served_account import BTC, served_account
from tests.support.servers.logins import as_role
from tests.support.waiting import PATIENCE_S

ETH = "ETHUSDT"
SYMBOLS = {BTC_ID: BTC, ETH_ID: ETH}


class ExecutedRun(ReconciledRun):
    """A run in testnet mode, its account, and the executor between them, which tests start and end."""

    def __init__(self, owner: psycopg.Connection, worker: psycopg.Connection, start: datetime) -> None:
        super().__init__(owner, worker, start)
        self.told: list[str] = []
        self._executing: asyncio.Task[None] | None = None

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return live_venue(self.run).key(instrument_id, decision_time)

    async def start(self) -> None:
        """Execute from now on."""
        rows = PairRows(self._worker, live_venue(self.run), rules_of_run(self.run), SYMBOLS)
        calls = ExchangeCalls(self.account, self.best_prices, self.now, self.told.append)
        executor = Executor(rows, self.account, calls, self.now, self.told.append)
        self._executing = asyncio.ensure_future(executor.run())

    async def end(self) -> None:
        """Stop executing, as SIGTERM does."""
        if self._executing is not None:
            self._executing.cancel()
            with suppress(asyncio.CancelledError):
                await self._executing
            self._executing = None

    async def best_prices(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Best bid and best ask."""
        book = (await self.client.unsigned("GET", "/fapi/v1/depth", f"symbol={symbol}&limit=5")).body
        return Decimal(book["bids"][0][0]), Decimal(book["asks"][0][0])

    async def decide_now(self, side: Side, stop_pct: str = "2", target_pct: str = "4") -> datetime:
        """An approved decision on BTC for the minute that runs."""
        mark, direction = await self.mark(), 1 if side is Side.LONG else -1
        decided = self.now().replace(microsecond=0)
        key = {"run_id": self.run.run_id, "instrument_id": BTC_ID, "time": decided, "side": side.value}
        stop, target = (direction * mark * Decimal(pct) / 100 for pct in (stop_pct, target_pct))
        sizes = {"recommended_size_usd": 100_000, "recommended_leverage": 10, "max_holding_hours": 4}
        prices = {
            "reference_price": mark,
            "stop_loss_price": round(mark - stop, 1),
            "take_profit_price": round(mark + target, 1),
        }
        add(self.owner, "hydra.signals", {**CHOSEN, **key})
        add(self.owner, "hydra.risk_decisions", {**APPROVED, **key, **sizes, **prices})
        return decided

    async def decide_entry(
        self,
        side: Side = Side.LONG,
        quantity: str = "0.010",
        order_type: OrderType = OrderType.LIMIT,
        away_pct: str = "0",
        **distances: Any,
    ) -> str:
        """A decision and its entry, as a stage leaves it; gives the entry's client id.

        LIMIT: at a price that fills at once; POST_ONLY: at the best price of its side, or further away.
        """
        decided = await self.decide_now(side, **distances)
        bid, ask = await self.best_prices(BTC)
        is_buy = side is Side.LONG
        shift = 1 + (-1 if is_buy else 1) * Decimal(away_pct) / 100
        price = (bid if is_buy else ask) * shift
        if order_type is OrderType.LIMIT:
            price = ask * Decimal("1.002") if is_buy else bid * Decimal("0.998")
        key = self.key(BTC_ID, decided)
        plan = OrderPlan(
            client_order_id(key, OrderRole.ENTRY, 0),
            OrderRole.ENTRY,
            order_type,
            is_buy,
            Decimal(quantity),
            reduce_only=False,
            limit_price=round(price, 1),
        )
        self._store_planned(planned_order(plan, key, bid, decided))
        return plan.client_order_id

    def _store_planned(self, order: Order) -> None:
        with self.owner.transaction():
            state = PairState(BTC_ID)
            state.add(order)
            store_pair_states(self.owner, self.run.run_id, [state])

    def change(self, act: Callable[[PairState], None]) -> None:
        """Change BTC as a stage does."""
        with self.owner.transaction():
            state = read_pair_states(self.owner, self.run.run_id)[BTC_ID]
            act(state)
            state.drop_ended()
            store_pair_states(self.owner, self.run.run_id, [state])

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds; fails as the executor does."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                if self._executing is not None and self._executing.done():
                    self._executing.result()
                await asyncio.sleep(0.02)

    async def position_shown(self) -> Decimal:
        """What the exchange holds of BTC."""
        return sum((one.quantity for one in await self.account.positions()), Decimal(0))


@asynccontextmanager
async def executed_run(url: str, folder: Path) -> AsyncIterator[ExecutedRun]:
    """It stands until the block ends; the clock begins at a full day, at speed 1."""
    file = folder / "account.toml"
    with (
        closing(connect(url, autocommit=True)) as owner,
        closing(connect(as_role(url, Role.WORKER), autocommit=True)) as worker,
    ):
        async with served_account(file) as (exchange, client):
            start = datetime.fromtimestamp(exchange.clock.now_ms() / 1_000, tz=None).astimezone()
            made = ExecutedRun(owner, worker, start.replace(second=0, microsecond=0) - timedelta(minutes=1))
            await made.connect(exchange, client, file)
            try:
                yield made
            finally:
                await made.end()
                await made.account.close()
