"""A run whose orders are executed at a simulated exchange, both in the loop of the test."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import (
    ExitUrgency,
    OrderRole,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
    Side,
)
from hydra.errors import RetryError
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.executor import Executor
from hydra.execution.pair_rows import PairRows
from hydra.layers.layer5_orders import DecisionKey, OrderPlan, client_order_id, exit_order
from hydra.paths import state_directory
from hydra.sim.exchange.account.words import OrderType as SimulatedType
from hydra.sim.exchange.server import Exchange
from hydra.trading.instrument_spec import read_terms
from hydra.trading.kill_switch import latch
from hydra.trading.live_venue import live_venue
from hydra.trading.pair_state import Order, PairState, PositionEvent, planned_order
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import Rules, rules_of_run
from tests.support.account_stage import clear_account
from tests.support.paper_market import APPROVED, CHOSEN
from tests.support.reconciled_run import BTC_ID, ETH_ID, ReconciledRun
from tests.support.rows import add
from tests.support.served_account import BTC, AccountClient, served_account
from tests.support.servers.logins import as_role
from tests.support.waiting import PATIENCE_S

ETH = "ETHUSDT"
SYMBOLS = {BTC_ID: BTC, ETH_ID: ETH}
MOST_UNCOVERED_S = 5.0
AUDITS = (
    "event_sequence_with_holes", "fill_without_order", "order_disagrees_with_events",
    "order_disagrees_with_fills",
    "order_outlives_position", "position_disagrees_with_fills", "position_does_not_add_up",
    "position_without_stop",
)  # fmt: skip
_LIVES = """
SELECT e.recorded_at::time, e.time::time, o.role, o.client_order_id, e.state, e.reason_code, e.detail
FROM hydra.order_events AS e JOIN hydra.orders AS o USING (order_id)
UNION ALL
SELECT e.recorded_at::time, e.time::time, 'position', '', e.kind, e.reason_code, e.numbers
FROM hydra.position_events AS e
ORDER BY 1, 2
"""
_AT_WORK = """
SELECT 1 FROM hydra.positions WHERE state <> 'CLOSED'
UNION ALL SELECT 1 FROM hydra.orders WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""


class ExecutedRun(ReconciledRun):
    """A run in testnet mode, its account, and the executor between them, which tests start and end.

    unanswered_prices: so many of the executor's next questions for best prices fail.
    """

    def __init__(self, owner: psycopg.Connection, worker: psycopg.Connection, start: datetime) -> None:
        super().__init__(owner, worker, start)
        self.told: list[str] = []
        self.unanswered_prices = 0
        self.executor: Executor
        self._executing: asyncio.Task[None] | None = None

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return live_venue(self.run).key(instrument_id, decision_time)

    async def connect(self, exchange: Exchange, client: AccountClient, file: Path) -> None:
        """Connect to the account; the run says that it is its own."""
        await super().connect(exchange, client, file)
        venue = f'"{self.account.venue}"'
        self.owner.execute(
            "UPDATE hydra.runs SET config = jsonb_set(config, '{exchange,venue}', %s::jsonb)", [venue]
        )

    async def start(self) -> None:
        """Execute from now on."""
        rows = PairRows(self._worker, live_venue(self.run), rules_of_run(self.run), SYMBOLS)
        calls = ExchangeCalls(self.account, self._prices_asked, self.now, self.told.append)
        self.executor = Executor(rows, self.account, calls, self.now, self.told.append)
        self._executing = asyncio.ensure_future(self.executor.run())

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

    async def _prices_asked(self, symbol: str) -> tuple[Decimal, Decimal]:
        if self.unanswered_prices:
            self.unanswered_prices -= 1
            raise RetryError("no answer")
        return await self.best_prices(symbol)

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

    async def leave(self, urgency: ExitUrgency = ExitUrgency.URGENT) -> None:
        """An exit of BTC, as a stage leaves it."""
        touch = await self.best_prices(BTC)
        filters = read_terms(self.owner, [BTC_ID], self.now(), Rules().costs)[BTC_ID].filters

        def act(state: PairState) -> None:
            position = state.position
            assert position is not None
            key = self.key(BTC_ID, position.decision_time)
            plan = exit_order(
                key, position.direction, position.quantity, urgency, touch, filters, position.exits_sent
            )
            reason = ReasonCode.THESIS_BROKEN
            position.state = PositionState.CLOSING
            checked = PositionEventKind.CHECKED
            position.events.append(PositionEvent(self.now(), checked, reason_code=reason))
            venue = live_venue(self.run)
            for order in (state.exit, state.entry):
                if order is not None:
                    venue.cancel(order, self.now(), reason)
            state.add(venue.submit(plan, key, touch[0], self.now(), reason))

        self.change(act)

    def lives(self) -> str:
        """What happened to orders and position, event by event."""
        rows = self.rows(_LIVES)
        return "\n".join(" ".join(map(str, row)) for row in [*rows, *self.told])

    async def finish(self) -> None:
        """Without faults, leave what is held and wait until nothing works any more."""
        await self.client.set_faults()
        if self._executing is None:
            await self.start()
        latch(self.owner, self.run.run_id, self.now(), None, "the test ends", {})
        await self.until(lambda: not self.is_at_work())

    def is_at_work(self) -> bool:
        """Whether an order works or something is held, as the tables say."""
        return bool(self.rows(_AT_WORK))

    async def assert_agreed(self, since: datetime) -> None:
        """Tables and exchange tell the same of orders, fills, fees and positions; the audits find nothing."""
        assert await self.position_shown() == 0
        assert await self.account.open_conditional_orders(BTC) == []
        assert await self.account.open_orders(BTC) == []
        trades = await self.account.trades(BTC, since)
        told = sorted((str(one.trade_id), one.price, one.quantity, one.fee, one.is_maker) for one in trades)
        stored = self.rows("SELECT trade_id, price, quantity, fee_usd, is_maker FROM hydra.fills ORDER BY 1")
        assert sorted(stored) == told
        answer = await self.client.ask(
            "GET", "allOrders", symbol=BTC, startTime=int(since.timestamp() * 1_000)
        )
        ids = [row["clientOrderId"] for row in answer.body]
        assert len(ids) == len(set(ids))
        assert self.audited(AUDITS) == []


class CoverWatch:
    """For how long something was held at the exchange that no waiting stop covered, exchange's seconds."""

    def __init__(self, exchange: Exchange, symbols: Sequence[str] = (BTC,)) -> None:
        self._exchange = exchange
        self._since_ms: dict[str, int | None] = dict.fromkeys(symbols)
        self.longest_s = 0.0
        self.longest_of: tuple[str, int] = ("", 0)
        """Symbol, and the instant in ms since when it was uncovered."""
        self.looks = 0

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(0.01)

    def look(self) -> None:
        """Look once."""
        assert self._exchange.account is not None
        now_ms = self._exchange.clock.now_ms()
        self.looks += 1
        for symbol, since_ms in self._since_ms.items():
            one = self._exchange.account.kept.account.store.of(symbol)
            held = one.position.amount
            covered = sum(
                abs(held) if order.close_position else order.quantity
                for order in one.waiting.values()
                if order.type is SimulatedType.STOP_MARKET and order.side.sign * held < 0
            )
            if covered >= abs(held):
                self._since_ms[symbol] = None
                continue
            began_ms = now_ms if since_ms is None else since_ms
            self._since_ms[symbol] = began_ms
            if (uncovered_s := (now_ms - began_ms) / 1_000) > self.longest_s:
                self.longest_s, self.longest_of = uncovered_s, (symbol, began_ms)


class ExecutionStage:
    """A database, an exchange and its account for many runs, one after the other."""

    def __init__(self, runner: asyncio.Runner, url: str, file: Path) -> None:
        self._runner, self._url, self._file = runner, url, file
        self._opened = AsyncExitStack()
        self._exchange: Exchange
        self._client: AccountClient

    @property
    def environment(self) -> dict[str, str]:
        """Of a process of HYDRA on this database and this exchange."""
        return {
            "HYDRA_DATABASE_URL": self._url,
            "EXCHANGE_URL": self._client.url,
            "SIMULATED_ACCOUNT_FILE": str(self._file),
        }

    def open(self) -> None:
        """Start the exchange."""
        self._runner.run(self._open())

    async def _open(self) -> None:
        self._exchange, self._client = await self._opened.enter_async_context(served_account(self._file))

    def close(self) -> None:
        """Stop the exchange."""
        self._runner.run(self._opened.aclose())

    def play(self, act: Callable[[ExecutedRun], Awaitable[None]]) -> None:
        """Play an act on a new run, then leave the account flat. At the end tables and exchange must agree.

        Nothing may be held without a stop for more than five seconds of the exchange, process or no process.
        """
        self._runner.run(self._play(act))

    async def _play(self, act: Callable[[ExecutedRun], Awaitable[None]]) -> None:
        with (
            closing(connect(self._url, autocommit=True)) as owner,
            closing(connect(as_role(self._url, Role.WORKER), autocommit=True)) as worker,
        ):
            owner.execute(queries.load("housekeeping/empty_run_tables"))
            begins = datetime.fromtimestamp(self._exchange.clock.now_ms() / 1_000, UTC)
            # Each act begins with a whole budget: in one minute they would wait for each other.
            for budget in (state_directory() / "rate_budgets").glob("*"):
                budget.unlink()
            run = ExecutedRun(owner, worker, begins.replace(second=0, microsecond=0))
            await run.connect(self._exchange, self._client, self._file)
            watch = CoverWatch(self._exchange)
            watching = asyncio.ensure_future(watch.watch())
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await act(run)
                    await run.finish()
                await run.assert_agreed(begins)
                assert not watching.done()
                assert watch.longest_s <= MOST_UNCOVERED_S
            except BaseException as error:
                error.add_note(run.lives())
                raise
            finally:
                watching.cancel()
                await run.end()
                await run.account.close()
                await self._client.set_faults()
                await clear_account(self._client)
