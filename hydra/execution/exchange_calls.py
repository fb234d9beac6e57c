"""Carries out one call and says what came of it as news of the pair; what failed is no news and asked again.

Source: docs/architecture.md, "Live orders"; docs/exchange.md, "The account".
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from hydra.durations import SECOND_US
from hydra.errors import BadDataError, OrderRefusedError, OutcomeUnknownError, RetryError, StopError
from hydra.exchange.account import LATEST_ARRIVAL_S, TradingAccount
from hydra.exchange.exchange_clock import elapsed_us
from hydra.execution.calls import (
    Ask,
    AskPosition,
    Call,
    Cancel,
    ListStops,
    ListTrades,
    Quote,
    Send,
    SetLeverage,
)
from hydra.execution.news import (
    LeverageSet,
    News,
    NotDone,
    NotFound,
    PositionShown,
    Quoted,
    Refused,
    Shown,
    StopsListed,
    TradesListed,
    Unanswered,
)
from hydra.execution.order_life import has_fired
from hydra.trading.live_venue import plan_of
from hydra.trading.pair_state import Order

ANSWER_S: Final = 3.0
"""A change that is not answered for so long is one whose outcome nobody knows."""

_LATEST_ARRIVAL_US: Final = int(LATEST_ARRIVAL_S * SECOND_US)

BestPrices = Callable[[str], Awaitable[tuple[Decimal, Decimal]]]
"""Best bid and best ask of a symbol now. Raises: as `MarketData.order_book`."""


@dataclass(frozen=True, slots=True)
class ExchangeCalls:
    """Calls one account. now: the exchange's time. tell: gets a sentence where a person has to act."""

    account: TradingAccount
    best_prices: BestPrices
    now: Callable[[], datetime]
    tell: Callable[[str], None]
    _began_us: int = field(default_factory=elapsed_us)
    """No call of an earlier process was made after this."""
    _sent_us: dict[str, int] = field(default_factory=dict)
    """By client id, when its newest call was answered or given up."""

    async def carry_out(self, symbol: str, call: Call) -> News | None:
        """The news that the answer brings, None if there is none."""
        try:
            return await self._answered(symbol, call)
        except (RetryError, OutcomeUnknownError):
            return None
        except (StopError, BadDataError) as error:
            self.tell(f"{symbol}: {error}")
            return None

    async def _answered(self, symbol: str, call: Call) -> News | None:
        match call:
            case Send():
                return await self._send(symbol, call.order)
            case Cancel():
                return await self._cancel(symbol, call.order)
            case Ask():
                return await self._ask(symbol, call.order)
            case SetLeverage():
                return await self._set_leverage(symbol, call)
            case _:
                return await self._look_up(symbol, call)

    async def _send(self, symbol: str, order: Order) -> News:
        try:
            return await self._placed(symbol, order)
        finally:
            self._sent_us[order.client_order_id] = elapsed_us()

    async def _placed(self, symbol: str, order: Order) -> News:
        identity = order.client_order_id
        try:
            async with asyncio.timeout(ANSWER_S):
                return Shown(await self.account.place(symbol, plan_of(order)))
        except OrderRefusedError as error:
            return Refused(identity, error.refusal, str(error))
        except (OutcomeUnknownError, TimeoutError):
            return Unanswered(identity)
        except RetryError:
            return NotDone(identity)
        except StopError as error:
            self.tell(f"{symbol}: {error}")
            return NotDone(identity)

    async def _cancel(self, symbol: str, order: Order) -> News | None:
        """Cancel; whatever is answered, the exchange is asked what became of it."""
        is_conditional = order.order_type.is_conditional and not has_fired(order)
        with suppress(OrderRefusedError, OutcomeUnknownError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self.account.cancel(symbol, order.client_order_id, is_conditional=is_conditional)
        return await self._ask(symbol, order)

    async def _ask(self, symbol: str, order: Order) -> News | None:
        asked, asked_us, identity = self.now(), elapsed_us(), order.client_order_id
        if order.order_type.is_conditional:
            seen = await self.account.conditional_order(symbol, identity)
        else:
            seen = await self.account.order(symbol, identity)
        sent_us = self._sent_us.get(identity, self._began_us)
        if seen is not None:
            return Shown(seen, is_answer=True)
        if sent_us >= asked_us:
            # It was sent meanwhile: the exchange may have looked for it before.
            return None
        return NotFound(identity, asked, is_final=asked_us - sent_us > _LATEST_ARRIVAL_US)

    async def _set_leverage(self, symbol: str, call: SetLeverage) -> News:
        try:
            await self.account.set_isolated(symbol)
            shown = await self.account.set_leverage(symbol, call.leverage)
        except OrderRefusedError as error:
            return Refused(call.order.client_order_id, error.refusal, str(error))
        return LeverageSet(shown)

    async def _look_up(self, symbol: str, call: ListStops | ListTrades | AskPosition | Quote) -> News:
        asked = self.now()
        match call:
            case ListStops():
                orders = await self.account.open_conditional_orders(symbol)
                return StopsListed(frozenset(one.client_order_id for one in orders), asked)
            case ListTrades():
                return TradesListed(tuple(await self.account.trades(symbol, call.start)))
            case AskPosition():
                held = [one for one in await self.account.positions() if one.symbol == symbol]
                return PositionShown(held[0] if held else None, asked)
            case Quote():
                return Quoted(*await self.best_prices(symbol))
