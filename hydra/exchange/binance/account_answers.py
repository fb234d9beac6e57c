"""Binance's answers about an account as HYDRA's types: orders, trades, positions, money.

ccxt gives numbers as text, so that amounts stay exact. Fields that are not named here are let pass.
Source: docs/exchange.md, "The account".
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar

import msgspec

from hydra.domain import OrderState
from hydra.errors import BadDataError
from hydra.exchange.account import BalanceSeen, IncomeSeen, OrderSeen, PositionSeen, TradeSeen
from hydra.exchange.binance.order_words import Row, conditional_state_of, state_of, told, type_of
from hydra.exchange.wire_numbers import Milliseconds, SequenceNumber, Symbol, instant_of
from hydra.outside_text import shown

ASSET: Final = "USDT"
"""In which HYDRA counts."""

_ISOLATED: Final = "ISOLATED"
_ZERO: Final = Decimal(0)
_CHILD_IS_FORGOTTEN: Final = "its order ended unfilled so long ago that the exchange no longer shows it"
_Side = Literal["BUY", "SELL"]
_Id = str | int | None
R = TypeVar("R", bound=Row)
S = TypeVar("S")


class OrderRow(Row):
    """Of order and openOrders; answers to a change do not tell avgPrice."""

    symbol: Symbol
    order_id: SequenceNumber
    client_order_id: str
    status: str
    type: str
    side: _Side
    orig_qty: Decimal
    executed_qty: Decimal
    price: Decimal
    update_time: Milliseconds
    avg_price: Decimal = _ZERO
    time_in_force: str = ""
    reduce_only: bool = False


class ConditionalRow(Row):
    """Of algoOrder, openAlgoOrders and allAlgoOrders: three shapes, of which these fields are common.

    quantity: 0 or none where it closes all that is held. actual_order_id: the child; only the lists tell it.
    """

    symbol: Symbol
    algo_id: SequenceNumber
    client_algo_id: str
    order_type: str
    algo_status: str
    side: _Side
    trigger_price: Decimal
    price: Decimal
    update_time: Milliseconds
    quantity: Decimal | None = None
    reduce_only: bool = False
    actual_order_id: _Id = None


class TradeRow(Row):
    """Of userTrades."""

    symbol: Symbol
    id: SequenceNumber
    order_id: SequenceNumber
    side: _Side
    price: Decimal
    qty: Decimal
    realized_pnl: Decimal
    commission: Decimal
    commission_asset: str
    time: Milliseconds
    maker: bool


class IncomeRow(Row):
    """Of income. symbol, trade_id: empty if it has none."""

    income_type: str
    income: Decimal
    asset: str
    time: Milliseconds
    tran_id: SequenceNumber
    symbol: str | None = None
    trade_id: _Id = None


class PositionRow(Row):
    """Of v3/positionRisk."""

    symbol: Symbol
    position_amt: Decimal
    entry_price: Decimal
    mark_price: Decimal
    liquidation_price: Decimal


class SymbolConfigRow(Row):
    """Of symbolConfig."""

    symbol: Symbol
    margin_type: str
    leverage: int

    @property
    def is_isolated(self) -> bool:
        """Whether positions of the symbol stand on their own margin."""
        return self.margin_type == _ISOLATED


class BalanceRow(Row):
    """Of v3/balance."""

    asset: str
    balance: Decimal
    available_balance: Decimal


class AccountConfigRow(Row):
    """Of accountConfig."""

    can_trade: bool
    dual_side_position: bool
    multi_assets_margin: bool


class KeyRestrictionsRow(Row):
    """Of account/apiRestrictions."""

    enable_futures: bool
    enable_withdrawals: bool


def itself(row: R) -> R:
    """The row as it is, for `one` and `each`."""
    return row


def one(what: str, answer: Any, row_type: type[R], seen: Callable[[R], S]) -> S:
    """`seen` of an answer that is one row.

    Raises:
        BadDataError: a field is missing or wrong; says which of `what`.
    """
    try:
        return seen(msgspec.convert(answer, row_type, strict=False))
    except ValueError as error:
        raise BadDataError(f"{what}: the answer cannot be used ({shown(str(error))})") from None


def each(what: str, answer: Any, row_type: type[R], seen: Callable[[R], S]) -> list[S]:
    """`seen` of every row of an answer.

    Raises:
        BadDataError: it is no list, or as `one`.
    """
    if not isinstance(answer, list):
        raise BadDataError(f"{what}: the answer is no list")
    return [one(what, row, row_type, seen) for row in answer]


def order_seen(row: OrderRow) -> OrderSeen:
    """An ordinary order.

    Raises:
        ValueError: its state is not known.
    """
    return OrderSeen(
        symbol=row.symbol,
        client_order_id=row.client_order_id,
        exchange_order_id=row.order_id,
        is_conditional=False,
        order_type=type_of(row.type, row.time_in_force),
        state=state_of(row.status),
        is_buy=row.side == "BUY",
        quantity=row.orig_qty,
        filled_quantity=row.executed_qty,
        average_price=told(row.avg_price),
        limit_price=told(row.price),
        trigger_price=None,
        reduce_only=row.reduce_only,
        time=instant_of(row.update_time * 1_000),
    )


def conditional_seen(row: ConditionalRow) -> OrderSeen:
    """A conditional order, without what its child has filled: `with_child` adds it.

    Raises:
        ValueError: its state is not known.
    """
    return OrderSeen(
        symbol=row.symbol,
        client_order_id=row.client_algo_id,
        exchange_order_id=row.algo_id,
        is_conditional=True,
        order_type=type_of(row.order_type, ""),
        state=conditional_state_of(row.algo_status, _ZERO, row.quantity or _ZERO),
        is_buy=row.side == "BUY",
        quantity=row.quantity or _ZERO,
        filled_quantity=_ZERO,
        average_price=None,
        limit_price=told(row.price),
        trigger_price=told(row.trigger_price),
        reduce_only=row.reduce_only,
        time=instant_of(row.update_time * 1_000),
        child_order_id=_id(row.actual_order_id),
    )


def with_child(order: OrderSeen, child: OrderSeen | None) -> OrderSeen:
    """A triggered conditional order with what became of its child; None: the exchange shows it no more."""
    if child is None:
        return replace(order, state=OrderState.EXPIRED, reason=_CHILD_IS_FORGOTTEN)
    return replace(
        order,
        state=child.state,
        filled_quantity=child.filled_quantity,
        average_price=child.average_price,
        reason=child.reason,
        time=max(order.time, child.time),
    )


def trade_seen(row: TradeRow) -> TradeSeen:
    """A fill."""
    return TradeSeen(
        symbol=row.symbol,
        trade_id=row.id,
        exchange_order_id=row.order_id,
        client_order_id=None,
        is_buy=row.side == "BUY",
        price=row.price,
        quantity=row.qty,
        fee=row.commission,
        fee_asset=row.commission_asset,
        is_maker=row.maker,
        realised_usd=row.realized_pnl,
        time=instant_of(row.time * 1_000),
    )


def income_seen(row: IncomeRow) -> IncomeSeen:
    """A change of the wallet.

    Raises:
        ValueError: its trade's id is no number.
    """
    return IncomeSeen(
        kind=row.income_type,
        symbol=row.symbol or "",
        amount=row.income,
        asset=row.asset,
        transaction_id=row.tran_id,
        trade_id=_id(row.trade_id),
        time=instant_of(row.time * 1_000),
    )


def position_seen(row: PositionRow, config: SymbolConfigRow) -> PositionSeen:
    """A position, with the margin type and leverage of its symbol."""
    return PositionSeen(
        symbol=row.symbol,
        quantity=row.position_amt,
        entry_price=row.entry_price,
        is_isolated=config.is_isolated,
        mark_price=told(row.mark_price),
        liquidation_price=told(row.liquidation_price),
        leverage=config.leverage,
    )


def balance_seen(row: BalanceRow) -> BalanceSeen:
    """The wallet of an asset."""
    return BalanceSeen(row.balance, row.available_balance)


def _id(number: _Id) -> int | None:
    """0 or nothing: there is none."""
    return int(number or 0) or None
