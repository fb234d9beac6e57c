"""What happens, as events of the user stream."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from hydra.sim.exchange.account import margins
from hydra.sim.exchange.account.records import ZERO, ConditionalOrder, Order, UserTrade
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.user_events import (
    AccountConfigUpdate,
    AccountUpdate,
    AlgoUpdate,
    CalledPosition,
    MarginCall,
    OrderTradeUpdate,
    ReportedAccount,
    ReportedBalance,
    ReportedConditional,
    ReportedLeverage,
    ReportedOrder,
    ReportedPosition,
)
from hydra.sim.exchange.account.wallet import usd
from hydra.sim.exchange.account.words import ExecutionType, UpdateReason

ASSET: Final = "USDT"
_MEAN_PRICE_UNIT: Final = Decimal("0.0000000001")


def text(number: Decimal) -> str:
    """A number as the exchange writes it."""
    return format(number, "f")


def mean_price_text(price: Decimal) -> str:
    """A price that is a mean, and so on no grid."""
    return text(price.quantize(_MEAN_PRICE_UNIT))


def tell_order(
    store: AccountStore, order: Order, execution: ExecutionType, trade: UserTrade | None = None
) -> None:
    """ORDER_TRADE_UPDATE. trade: the fill it tells of."""
    one, now_ms = store.of(order.symbol), store.updated_ms
    value = margins.open_value(one)
    state = ReportedOrder(
        symbol=order.symbol,
        client_id=order.client_id,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        quantity=text(order.quantity),
        price=text(order.price),
        average_price=mean_price_text(order.average_price),
        execution=execution,
        status=order.status,
        order_id=order.order_id,
        last_quantity=text(trade.quantity if trade else ZERO),
        filled=text(order.filled),
        last_price=text(trade.price if trade else ZERO),
        commission=text(trade.commission_usd if trade else ZERO),
        time_ms=now_ms,
        trade_id=trade.trade_id if trade else 0,
        bids_notional=text(usd(value.bids_usd)),
        asks_notional=text(usd(value.asks_usd)),
        is_maker=bool(trade and trade.is_maker),
        reduce_only=order.reduce_only,
        original_type=order.type,
        close_position=order.close_position,
        realized=text(trade.realized_usd if trade else ZERO),
        expiry_reason=order.expiry_reason,
    )
    store.emit(OrderTradeUpdate(now_ms, now_ms, state))


def tell_account(
    store: AccountStore,
    reason: UpdateReason,
    symbols: Sequence[str] = (),
    change_usd: Decimal = ZERO,
    about: str = "",
) -> None:
    """ACCOUNT_UPDATE. symbols: whose positions changed. change_usd: but for profit and commission.

    about: the symbol of a funding fee.
    """
    now_ms = store.updated_ms
    balance = ReportedBalance(
        ASSET, text(store.wallet.balance_usd), text(margins.cross_wallet(store)), text(change_usd)
    )
    positions = [_position(store, store.of(symbol)) for symbol in symbols]
    store.emit(AccountUpdate(now_ms, now_ms, ReportedAccount(reason, [balance], positions, about)))


def _position(store: AccountStore, one: SymbolStore) -> ReportedPosition:
    position = one.position
    return ReportedPosition(
        symbol=position.symbol,
        amount=text(position.amount),
        entry_price=mean_price_text(position.entry_price),
        break_even_price=mean_price_text(position.break_even_price),
        realized=text(position.realized_usd),
        unrealized=text(usd(margins.unrealized(store, one))),
        margin_type=position.margin_type.short,
        isolated_wallet=text(position.isolated_wallet_usd),
        position_side="BOTH",
    )


def tell_conditional(store: AccountStore, order: ConditionalOrder) -> None:
    """ALGO_UPDATE."""
    now_ms, child = store.updated_ms, order.child
    state = ReportedConditional(
        client_id=order.client_id,
        algo_id=order.algo_id,
        type=order.type,
        symbol=order.symbol,
        side=order.side,
        time_in_force=order.time_in_force,
        quantity=text(order.quantity),
        status=order.status,
        order_id=str(child.order_id) if child else "",
        average_price=mean_price_text(child.average_price) if child else "0",
        filled=text(child.filled) if child else "0",
        actual_type=child.type if child else "0",
        trigger_price=text(order.trigger_price),
        price=text(order.price),
        working_type=order.working_type,
        close_position=order.close_position,
        price_protect=order.price_protect,
        reduce_only=order.reduce_only,
        triggered_ms=order.triggered_ms,
        reject_reason=order.reject_reason,
    )
    store.emit(AlgoUpdate(now_ms, now_ms, state))


def tell_leverage(store: AccountStore, symbol: str) -> None:
    """ACCOUNT_CONFIG_UPDATE."""
    now_ms = store.updated_ms
    leverage = store.of(symbol).position.leverage
    store.emit(AccountConfigUpdate(now_ms, now_ms, ReportedLeverage(symbol, leverage)))


def tell_margin_call(store: AccountStore, called: Sequence[SymbolStore]) -> None:
    """MARGIN_CALL for positions of one margin type."""
    is_cross = not called[0].position.is_isolated
    positions = [
        CalledPosition(
            symbol=one.position.symbol,
            position_side="BOTH",
            amount=text(one.position.amount),
            margin_type=one.position.margin_type,
            isolated_wallet=text(one.position.isolated_wallet_usd),
            mark_price=text(store.mark(one.position.symbol)),
            unrealized=text(usd(margins.unrealized(store, one))),
            maintenance_margin=text(usd(margins.maintenance_margin(store, one))),
        )
        for one in called
    ]
    wallet = text(margins.cross_wallet(store)) if is_cross else ""
    store.emit(MarginCall(store.updated_ms, positions, wallet))
