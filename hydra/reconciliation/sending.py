"""Sends an order until it is known what became of it.

Source: docs/architecture.md, law 5; docs/exchange.md, "Reconciliation".
"""

import asyncio
from typing import Final

from hydra.domain import OrderRefusal, OrderRole
from hydra.errors import OrderRefusedError, OutcomeUnknownError, RetryError
from hydra.exchange.account import LATEST_ARRIVAL_S, OrderSeen, TradingAccount
from hydra.layers.layer5_orders import OrderPlan

_TRIES: Final = 5
_PAUSE_S: Final = 0.5


async def send(account: TradingAccount, symbol: str, plan: OrderPlan) -> OrderSeen:
    """The order of `plan` as the exchange has it. Where nobody knows, it is asked for by its id first.

    Raises:
        OrderRefusedError: it is refused; nothing was done.
        RetryError: it is still not known after some tries, or the exchange takes nothing now.
        StopError, BadDataError: see `TradingAccount`.
    """
    for number in range(1, _TRIES + 1):
        try:
            return await account.place(symbol, plan)
        except OrderRefusedError as error:
            seen = await ask(account, symbol, plan) if error.refusal is OrderRefusal.DUPLICATE_ID else None
            if seen is None:
                raise
            return seen
        except RetryError:
            if number == _TRIES:
                raise
            await asyncio.sleep(_PAUSE_S)
        except OutcomeUnknownError:
            seen = await _looked_for(account, symbol, plan)
            if seen is not None:
                return seen
    raise RetryError(f"nobody knows whether the order {plan.client_order_id} of {symbol} is there: ask again")


async def _looked_for(account: TradingAccount, symbol: str, plan: OrderPlan) -> OrderSeen | None:
    """An order of which nobody knows whether it came; None: the exchange has none.

    An exit that came late would come twice, so it has to be none that can still arrive. A stop cannot do more
    twice than once, and is not waited for.
    """
    await asyncio.sleep(_PAUSE_S)
    seen = await ask(account, symbol, plan)
    if seen is not None or plan.role is not OrderRole.EXIT:
        return seen
    await asyncio.sleep(LATEST_ARRIVAL_S - _PAUSE_S)
    return await ask(account, symbol, plan)


async def ask(account: TradingAccount, symbol: str, plan: OrderPlan) -> OrderSeen | None:
    """The order of `plan` by its id; None: the exchange has none."""
    if plan.order_type.is_conditional:
        return await account.conditional_order(symbol, plan.client_order_id)
    return await account.order(symbol, plan.client_order_id)


async def cancel(account: TradingAccount, symbol: str, client_order_id: str, *, is_conditional: bool) -> bool:
    """Cancel an order; False: it is open no more, or nobody knows: the next comparison asks for it.

    Raises:
        OrderRefusedError, RetryError, StopError: see `TradingAccount`.
    """
    try:
        return await account.cancel(symbol, client_order_id, is_conditional=is_conditional)
    except OutcomeUnknownError:
        return False
