"""The accounts on which `TradingAccount` is tested: of the simulated exchange, and of demo trading."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from decimal import ROUND_CEILING, Decimal
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from hydra.domain import OrderRefusal, OrderRole, OrderType
from hydra.errors import OrderRefusedError, RetryError
from hydra.exchange.account import (
    AccountEvent,
    OrderSeen,
    OrderUpdate,
    StreamBegan,
    TradeSeen,
    TradingAccount,
)
from hydra.exchange.connect import market_data, trading_account
from hydra.exchange.instruments import OrderFilters
from hydra.exchange.interface import MarketData
from hydra.layers.layer4_filters import round_passive
from hydra.layers.layer5_orders import OrderPlan
from hydra.settings import Settings
from hydra.sim.exchange.server import Exchange
from tests.support.served_account import BTC, AccountClient, served_account
from tests.support.waiting import PATIENCE_S, soon

DEMO_KEY: Final = "HYDRA_TEST_DEMO_API_KEY"
DEMO_SECRET: Final = "HYDRA_TEST_DEMO_API_SECRET"
NOT_RUN: Final = "DEMO TRADING: NOT RUN"
SPEED: Final = 30.0
"""Of the simulated exchange: its limits of a minute last two seconds."""

_QUICKLY: Final = 300.0
_PASSIVE: Final = Decimal("0.02")
_NEAR: Final = Decimal("0.0001")
_ROOM: Final = Decimal("1.3")

Events = list[AccountEvent]


class AccountUnderTest:
    """An account, flat at the beginning and at the end of each test, and the market that it trades.

    exchange, client: of the simulated exchange.
    """

    def __init__(self, runner: asyncio.Runner, account: TradingAccount, market: MarketData) -> None:
        self._runner = runner
        self.account, self.market = account, market
        self.exchange: Exchange | None = None
        self.client: AccountClient | None = None
        self._filters: OrderFilters | None = None
        self._prefix, self._number = f"t{time.time_ns():x}"[-12:], count(1)

    def run(self, act: Callable[["AccountUnderTest"], Awaitable[None]]) -> None:
        """Run a test, then take faults and orders away, and close what is held."""

        async def whole() -> None:
            try:
                await asyncio.wait_for(act(self), PATIENCE_S)
            finally:
                await self.clear()

        self._runner.run(whole())

    async def clear(self) -> None:
        """Leave the account flat, without orders and faults."""
        await self.set_no_fault()
        for one in await self.account.open_orders(BTC):
            await self.account.cancel(one.symbol, one.client_order_id, is_conditional=False)
        for one in await self.account.open_conditional_orders(BTC):
            await self.account.cancel(one.symbol, one.client_order_id, is_conditional=True)
        for held in await self.account.positions():
            await self.account.place(
                held.symbol,
                self.plan(OrderType.MARKET, abs(held.quantity), is_buy=held.quantity < 0, reduce_only=True),
            )

    async def set_fault(self, kind: str, **terms: Any) -> None:
        """One fault of the simulated exchange, instead of those before."""
        assert self.client is not None
        await self.client.set_faults({"kind": kind, **terms})

    async def set_no_fault(self) -> None:
        """Take every fault of a simulated exchange away."""
        if self.client is not None:
            await self.client.set_faults()

    # The market.

    async def filters(self) -> OrderFilters:
        """Of BTC."""
        if self._filters is None:
            (terms,) = await self.market.terms([BTC])
            self._filters = terms.filters
        return self._filters

    async def price(self, *, is_buy: bool, away: Decimal = Decimal(0)) -> Decimal:
        """The best price of a side, or one so far (fraction) beyond it, on the grid."""
        book = await self.market.order_book(BTC)
        best = Decimal(str(book.bids[0][0] if is_buy else book.asks[0][0]))
        moved = best * (1 - away if is_buy else 1 + away)
        return round_passive(moved, (await self.filters()).tick_size, is_buy=is_buy)

    async def quantity(self) -> Decimal:
        """A small one that the filters let pass, with room for a price that falls."""
        filters = await self.filters()
        value = filters.min_notional_usd * _ROOM / await self.price(is_buy=True)
        steps = (value / filters.step_size).to_integral_value(ROUND_CEILING)
        return max(steps * filters.step_size, filters.min_quantity)

    # Orders.

    def plan(
        self,
        order_type: OrderType,
        quantity: Decimal,
        *,
        is_buy: bool,
        reduce_only: bool = False,
        price: Decimal | None = None,
        trigger: Decimal | None = None,
    ) -> OrderPlan:
        """An order with an id of its own."""
        identity = f"{self._prefix}-{next(self._number)}"
        return OrderPlan(identity, OrderRole.EXIT, order_type, is_buy, quantity, reduce_only, price, trigger)

    async def resting(self, order_type: OrderType = OrderType.POST_ONLY) -> OrderPlan:
        """A BUY that does not fill."""
        price = await self.price(is_buy=True, away=_PASSIVE)
        return self.plan(order_type, await self.quantity(), is_buy=True, price=price)

    async def buy(self) -> OrderPlan:
        """A position: a MARKET order that was sent."""
        plan = self.plan(OrderType.MARKET, await self.quantity(), is_buy=True)
        await self.account.place(BTC, plan)
        return plan

    async def stop(self, quantity: Decimal, away: Decimal = _PASSIVE) -> OrderPlan:
        """A stop of a long, so far (fraction) below the best bid."""
        trigger = await self.price(is_buy=True, away=away)
        return self.plan(OrderType.STOP_MARKET, quantity, is_buy=False, reduce_only=True, trigger=trigger)

    async def stop_near(self, quantity: Decimal) -> OrderPlan:
        """A stop that was placed and that the market reaches soon; the price may be there before it."""
        while True:
            plan = await self.stop(quantity, _NEAR)
            try:
                await self.account.place(BTC, plan)
            except OrderRefusedError as refused:
                if refused.refusal is not OrderRefusal.WOULD_TRIGGER:
                    raise
            else:
                return plan

    async def reached(self, holds: Callable[[], object]) -> None:
        """Wait for what the market brings about; a simulated one runs quickly meanwhile."""
        if self.exchange is not None:
            self.exchange.clock.set_speed(_QUICKLY)
        try:
            await soon(holds)
        finally:
            if self.exchange is not None:
                self.exchange.clock.set_speed(SPEED)

    async def seen(self, plan: OrderPlan) -> OrderSeen:
        """An ordinary order, which has to be there."""
        found = await self.account.order(BTC, plan.client_order_id)
        assert found is not None
        return found

    async def held(self) -> Decimal:
        """The position in BTC."""
        return sum((one.quantity for one in await self.account.positions() if one.symbol == BTC), Decimal(0))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Events]:
        """What the user stream tells, from its beginning on."""
        heard: Events = []
        task = asyncio.ensure_future(self.account.listen(heard.append))
        try:
            await soon(lambda: task.done() or StreamBegan() in heard)
            yield heard
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, RetryError):
                await task


def orders(heard: Events, plan: OrderPlan | None = None) -> list[OrderSeen]:
    """The orders that were heard of; of one plan."""
    found = [event.order for event in heard if isinstance(event, OrderUpdate)]
    return [one for one in found if plan is None or one.client_order_id == plan.client_order_id]


def fills(heard: Events) -> list[TradeSeen]:
    """The fills that were heard of."""
    return [event.trade for event in heard if isinstance(event, OrderUpdate) and event.trade is not None]


@contextmanager
def under_test(name: str, folder: Path) -> Iterator[AccountUnderTest]:
    """The account `name` of ACCOUNTS, in a loop that runs while a test runs."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        opened = AsyncExitStack()

        async def start() -> AccountUnderTest:
            return await opened.enter_async_context(ACCOUNTS[name](runner, folder))

        yield runner.run(start())
        runner.run(opened.aclose())


@asynccontextmanager
async def _simulated(runner: asyncio.Runner, folder: Path) -> AsyncIterator[AccountUnderTest]:
    """The account of a simulated exchange in this loop."""
    path = folder / "account.toml"
    async with served_account(path, SPEED) as (exchange, client):
        settings = Settings.model_validate({"exchange_url": client.url, "simulated_account_file": str(path)})
        async with _connected(runner, settings, "simulated") as under_test:
            under_test.exchange, under_test.client = exchange, client
            yield under_test


@asynccontextmanager
async def _demo(runner: asyncio.Runner, _folder: Path) -> AsyncIterator[AccountUnderTest]:
    """The account of demo trading whose key is in the environment; it has to be flat and without orders."""
    keys = {"binance_api_key": os.environ[DEMO_KEY], "binance_api_secret": os.environ[DEMO_SECRET]}
    async with _connected(runner, Settings.model_validate(keys), "binance") as under_test:
        assert await under_test.account.positions() == []
        assert await under_test.account.open_orders(BTC) == []
        assert await under_test.account.open_conditional_orders(BTC) == []
        yield under_test


@asynccontextmanager
async def _connected(
    runner: asyncio.Runner, settings: Settings, name: str
) -> AsyncIterator[AccountUnderTest]:
    # In a thread, because a simulated exchange that is asked lives in this loop.
    account = await asyncio.to_thread(trading_account, settings, name)
    market = await asyncio.to_thread(market_data, settings, name)
    try:
        yield AccountUnderTest(runner, account, market)
    finally:
        await account.close()
        await market.close()


ACCOUNTS: Final = {"simulated": _simulated, "demo": _demo}
