"""What an exchange shows of an account at one time.

Source: docs/exchange.md, "Reconciliation".
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from hydra.exchange.account import (
    BalanceSeen,
    IncomeSeen,
    OrderSeen,
    PositionSeen,
    TradeSeen,
    TradingAccount,
)


class OrderName(NamedTuple):
    """By what an order is asked for."""

    symbol: str
    client_order_id: str
    is_conditional: bool


OrdersToAsk = Callable[[Sequence[str]], Awaitable[list[OrderName]]]
"""Which orders to ask for by their ids, given the client ids of those that the lists of open orders show."""


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account as of about `time` (exchange's clock); trades and income are those since `since`.

    orders: those that are open, and those that were asked for. not_found: asked for, and not there.
    """

    time: datetime
    since: datetime
    orders: tuple[OrderSeen, ...]
    not_found: tuple[OrderName, ...]
    trades: tuple[TradeSeen, ...]
    positions: tuple[PositionSeen, ...]
    balance: BalanceSeen
    income: tuple[IncomeSeen, ...]


async def take_snapshot(
    account: TradingAccount,
    symbols: Sequence[str],
    since: datetime,
    time: datetime,
    orders_to_ask: OrdersToAsk,
) -> AccountSnapshot:
    """Ask for everything. symbols: whose trades are asked for.

    Raises:
        RetryError: the exchange cannot be asked now.
        StopError, BadDataError: see `TradingAccount`.
    """
    ordinary, conditional = await asyncio.gather(account.open_orders(), account.open_conditional_orders())
    listed = [*ordinary, *conditional]
    asked = await orders_to_ask([one.client_order_id for one in listed])
    answers = await asyncio.gather(*(_ask(account, name) for name in asked))
    # Trades after the orders: those of an order that is shown as ended are among them.
    trades, positions, balance, income = await asyncio.gather(
        asyncio.gather(*(account.trades(symbol, since) for symbol in symbols)),
        account.positions(),
        account.balance(),
        account.income(since),
    )
    return AccountSnapshot(
        time,
        since,
        (*listed, *(one for one in answers if one is not None)),
        tuple(name for name, one in zip(asked, answers, strict=True) if one is None),
        tuple(trade for of_symbol in trades for trade in of_symbol),
        tuple(positions),
        balance,
        tuple(income),
    )


async def _ask(account: TradingAccount, name: OrderName) -> OrderSeen | None:
    if name.is_conditional:
        return await account.conditional_order(name.symbol, name.client_order_id)
    return await account.order(name.symbol, name.client_order_id)
