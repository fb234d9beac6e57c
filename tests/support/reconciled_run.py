"""A run with rows in a database, and its account at a simulated exchange in the same loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg

from hydra.answers.audits import run_audits
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import (
    MarketOrigin,
    OrderRole,
    OrderState,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
    ReconciliationCause,
    Side,
    TradingMode,
)
from hydra.errors import OrderRefusedError
from hydra.exchange.account import TradingAccount
from hydra.exchange.connect import trading_account
from hydra.ingest.instruments import ensure_instruments
from hydra.layers.layer5_orders import (
    DecisionKey,
    OrderPlan,
    client_order_id,
    closing_stop,
    market_exit_order,
)
from hydra.reconciliation.reconcile import Reconciliation
from hydra.reconciliation.records import Reconciled
from hydra.settings import Settings
from hydra.sim.exchange.server import Exchange
from hydra.trading.pair_state import Order, PairState, PositionEvent, planned_order
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import Rules, recorded_rules
from hydra.trading.runs import Run, RunExchange, RunPlan, create_run
from tests.support.paper_market import APPROVED, CHOSEN
from tests.support.rows import add
from tests.support.served_account import BTC, START, AccountClient, served_account
from tests.support.servers.logins import as_role
from tests.support.waiting import PATIENCE_S

BTC_ID, ETH_ID = 1, 2
KEY = ("run_id", "instrument_id", "time")
MONEY: Final = (
    "difference_to_the_exchange", "fill_charged_otherwise", "income_outside_its_bound",
    "order_disagrees_with_events", "order_disagrees_with_fills", "order_outlives_position",
    "position_disagrees_with_fills", "position_does_not_add_up", "position_without_stop",
)  # fmt: skip
QUANTITY = Decimal("0.010")
Act = Callable[["ReconciledRun"], Awaitable[None]]
Play = Callable[..., None]


class ReconciledRun:
    """One run in testnet mode and its account. `reconcile` compares them as the trading process does."""

    def __init__(self, owner: psycopg.Connection, worker: psycopg.Connection, start: datetime) -> None:
        self.owner, self._start = owner, start
        ensure_instruments(owner)
        self.run = _new_run(worker, start)
        self._worker = worker
        self.account: TradingAccount
        self.client: AccountClient
        self.exchange: Exchange
        self.reconciliation: Reconciliation
        self.url = ""
        self._decided = start

    async def connect(self, exchange: Exchange, client: AccountClient, file: Path) -> None:
        """Connect to the account."""
        self.exchange, self.client = exchange, client
        settings = Settings(_env_file=None, exchange_url=client.url, simulated_account_file=file)  # type: ignore[call-arg]
        self.account = await asyncio.to_thread(trading_account, settings, "simulated")
        await self.account.set_isolated(BTC)
        await self.account.set_leverage(BTC, 10)
        self.reconciliation = Reconciliation(self._worker, self.run, self.account, self.now, self.key, 0.05)

    def now(self) -> datetime:
        """The exchange's time."""
        return datetime.fromtimestamp(self.exchange.clock.now_ms() / 1_000, UTC)

    def key(self, instrument_id: int, decision_time: datetime) -> DecisionKey:
        """See `Venue.key`."""
        return DecisionKey("test", self.run.run_id, instrument_id, decision_time)

    async def reconcile(self, cause: ReconciliationCause = ReconciliationCause.MINUTE) -> Reconciled:
        """Compare once."""
        return await self.reconciliation.reconcile(cause)

    async def mark(self) -> Decimal:
        """The mark price of BTC."""
        answer = await self.client.unsigned("GET", "/fapi/v1/premiumIndex", f"symbol={BTC}")
        return Decimal(answer.body["markPrice"])

    async def decide(self, side: Side = Side.LONG, stop_pct: str = "2", target_pct: str = "4") -> datetime:
        """An approved decision on BTC, with stop and target so far from the mark; gives its minute."""
        mark, direction = await self.mark(), 1 if side is Side.LONG else -1
        self._decided += timedelta(minutes=1)
        decided = self._decided - timedelta(days=1)
        key = {"run_id": self.run.run_id, "instrument_id": BTC_ID, "time": decided, "side": side.value}
        stop, target = (direction * mark * Decimal(pct) / 100 for pct in (stop_pct, target_pct))
        sizes = {"recommended_size_usd": 100_000, "recommended_leverage": 10, "max_holding_hours": 4}
        prices = {
            "reference_price": mark,
            "stop_loss_price": round(mark - stop, 1),
            "take_profit_price": round(mark + target, 1),
        }
        assessed = {"tradability": "ALLOW", "reason_code": "NORMAL", "reason": "by hand"}
        add(self.owner, "hydra.assessments", {**{name: key[name] for name in KEY}, **assessed})
        add(self.owner, "hydra.signals", {**CHOSEN, **key})
        add(self.owner, "hydra.risk_decisions", {**APPROVED, **key, **sizes, **prices})
        return decided

    async def plan_entry(
        self, state: OrderState = OrderState.OPEN, limit_pct: str | None = None, **terms: Any
    ) -> OrderPlan:
        """The row of an entry in BTC; it is not sent. limit_pct: below the mark; None: at market."""
        decided, mark = await self.decide(**terms), await self.mark()
        key = self.key(BTC_ID, decided)
        plan = OrderPlan(
            client_order_id(key, OrderRole.ENTRY, 0),
            OrderRole.ENTRY,
            OrderType.MARKET if limit_pct is None else OrderType.LIMIT,
            terms.get("side", Side.LONG) is Side.LONG,
            QUANTITY,
            reduce_only=False,
            limit_price=None if limit_pct is None else round(mark * (1 - Decimal(limit_pct) / 100), 1),
        )
        order = planned_order(plan, key, mark, decided)
        if state is not OrderState.PLANNED:
            order.enter(decided, state)
        self._store(order)
        return plan

    async def enter(self, **terms: Any) -> OrderPlan:
        """An entry that has filled at the exchange, while the tables say that it works."""
        plan = await self.plan_entry(**terms)
        await self.account.place(BTC, plan)
        return plan

    async def open_position(self, **terms: Any) -> None:
        """A position that tables and exchange agree on, with its stop."""
        await self.enter(**terms)
        reconciled = await self.reconcile(ReconciliationCause.START)
        assert reconciled.is_clean

    async def close_by_the_closing_stop(self) -> None:
        """A stop that closes all, just below the mark, fires; in the tables it waits."""
        with self.owner.transaction():
            state = read_pair_states(self.owner, self.run.run_id)[BTC_ID]
            position = state.position
            assert position is not None
            key, level = self.key(BTC_ID, position.decision_time), position.stop_price
            plan = closing_stop(key, position.direction, position.quantity, level, 9)
            order = planned_order(plan, key, level, self.now())
            order.enter(self.now(), OrderState.OPEN)
            state.add(order)
            store_pair_states(self.owner, self.run.run_id, [state])
        while not self.is_flat():
            near = round(await self.mark() * Decimal("0.9999"), 1)
            with suppress(OrderRefusedError):
                await self.account.place(BTC, replace(plan, trigger_price=near))
            await asyncio.sleep(0.5)
            if not self.is_flat():
                await self.account.cancel(BTC, plan.client_order_id, is_conditional=True)

    async def leave_unanswered(self) -> None:
        """An exit that has just filled at the exchange; its process died before it heard the answer."""
        now, reason = self.now(), ReasonCode.THESIS_BROKEN
        with self.owner.transaction():
            state = read_pair_states(self.owner, self.run.run_id)[BTC_ID]
            position = state.position
            assert position is not None
            key = self.key(BTC_ID, position.decision_time)
            plan = market_exit_order(key, position.direction, position.quantity, 0)
            order = planned_order(plan, key, position.entry_price, now, reason)
            order.sent_time = now
            order.enter(now, order.state, detail={"sent": True})
            position.state = PositionState.CLOSING
            position.events.append(PositionEvent(now, PositionEventKind.CHECKED, reason_code=reason))
            state.add(order)
            store_pair_states(self.owner, self.run.run_id, [state])
        await self.account.place(BTC, plan)

    def _store(self, order: Order) -> None:
        with self.owner.transaction():
            state = PairState(BTC_ID, entry=order)
            state.drop_ended()
            store_pair_states(self.owner, self.run.run_id, [state])
            self.owner.execute("UPDATE hydra.orders SET recorded_at = now() - interval '2 minutes'")

    # What came of it.

    def is_flat(self) -> bool:
        """Whether the exchange holds no BTC."""
        served = self.exchange.account
        assert served is not None
        return served.kept.account.position(BTC).amount == 0

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the run's tables."""
        return self.owner.execute(query.encode()).fetchall()

    def found(self) -> list[str]:
        """The kinds of all differences that were ever found, in the order of their finding."""
        return [
            row[0] for row in self.rows("SELECT kind FROM hydra.account_differences ORDER BY difference_id")
        ]

    def standing(self) -> list[tuple[str, str, bool]]:
        """Kind, symbol and whether it blocks entries, of the differences that stand."""
        return [
            (row[0], row[1], row[2])
            for row in self.rows(
                "SELECT kind, symbol, blocks_entries FROM audit.exchange_differences ORDER BY 1, 2"
            )
        ]

    def position(self) -> tuple[Any, ...]:
        """State, quantity and exit reason of the newest position."""
        (row,) = self.rows(
            "SELECT state, quantity, exit_reason_code FROM hydra.positions ORDER BY position_id DESC LIMIT 1"
        )
        return row

    def position_events(self) -> list[str]:
        """The kinds of all events of positions, in their order."""
        return [
            row[0]
            for row in self.rows("SELECT kind FROM hydra.position_events ORDER BY position_id, sequence")
        ]

    def orders(self) -> list[tuple[str, str]]:
        """Role and state of every order, in the order of their making."""
        return [
            (row[0], row[1]) for row in self.rows("SELECT role, state FROM hydra.orders ORDER BY order_id")
        ]

    async def stops(self) -> list[Decimal]:
        """The quantities of the stops at the exchange."""
        return [
            one.quantity
            for one in await self.account.open_conditional_orders(BTC)
            if one.order_type is OrderType.STOP_MARKET
        ]

    def audited(self, names: Sequence[str]) -> list[str]:
        """Of these audits those that find something."""
        return [one.audit for one in run_audits(self.owner) if one.audit in names and not one.is_clean]


def _new_run(connection: psycopg.Connection, start: datetime) -> Run:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
    plan = RunPlan(
        mode=TradingMode.TESTNET,
        market_origin=MarketOrigin.EXCHANGE,
        seed=None,
        feeds=(),
        instrument_ids=(BTC_ID, ETH_ID),
        data_from=start,
        data_to=None,
        exchange=RunExchange("simulated", "simulated", "binance"),
    )
    return create_run(connection, plan, settings, recorded_rules(Rules()))


@asynccontextmanager
async def reconciled_run(
    url: str, folder: Path, start: datetime = START, speed: float = 1.0
) -> AsyncIterator[ReconciledRun]:
    """It stands until the block ends."""
    file = folder / "account.toml"
    with (
        closing(connect(url, autocommit=True)) as owner,
        closing(connect(as_role(url, Role.WORKER), autocommit=True)) as worker,
    ):
        made = ReconciledRun(owner, worker, start)
        made.url = url
        async with served_account(file, speed, start) as (exchange, client):
            await made.connect(exchange, client, file)
            try:
                yield made
            finally:
                await made.account.close()


async def buy_by_hand(run: ReconciledRun, side: str = "BUY", **terms: Any) -> None:
    """A market order that HYDRA knows nothing of."""
    terms = {"quantity": QUANTITY} | terms
    answer = await run.client.ask("POST", "order", symbol=BTC, side=side, type="MARKET", **terms)
    assert answer.status == 200, answer.body


def played(url: str, folder: Path) -> Play:
    """Plays an act on a new run with a new account."""

    def act_out(act: Act, start: datetime = START, speed: float = 1.0) -> None:
        async def whole() -> None:
            async with reconciled_run(url, folder, start, speed) as run:
                await asyncio.wait_for(act(run), PATIENCE_S)

        asyncio.run(whole())

    return act_out
