"""The account's settings and money besides orders: leverage, margin type, funding."""

from decimal import Decimal

from hydra.sim.exchange.account import margins, refusals
from hydra.sim.exchange.account.position_changes import funding_fee
from hydra.sim.exchange.account.reports import tell_account, tell_leverage
from hydra.sim.exchange.account.store import AccountStore
from hydra.sim.exchange.account.words import IncomeKind, MarginType, UpdateReason


def set_leverage(store: AccountStore, symbol: str, leverage: int) -> Decimal:
    """Set the leverage; gives the largest notional that it allows.

    Raises:
        Refusal: -4028, -4161, -2027, -2028.
    """
    one = store.of(symbol)
    position = one.position
    if not 1 <= leverage <= one.contract.highest_leverage:
        raise refusals.leverage_not_valid(leverage)
    largest = one.contract.largest_notional(leverage)
    if leverage == position.leverage:
        return largest
    if position.amount and position.is_isolated and leverage < position.leverage:
        raise refusals.LEVERAGE_REDUCTION
    if abs(position.amount) * store.mark(symbol) > largest:
        raise refusals.POSITION_TOO_LARGE
    before = position.leverage
    free = margins.available(store)
    position.leverage = leverage
    if leverage < before and free > 0 and not margins.available(store):
        position.leverage = before
        raise refusals.LEVERAGE_TOO_SMALL
    tell_leverage(store, symbol)
    return largest


def set_margin_type(store: AccountStore, symbol: str, margin_type: MarginType) -> None:
    """Set the margin type of a symbol without position and orders.

    Raises:
        Refusal: -4046, -4047, -4048.
    """
    one = store.of(symbol)
    if one.position.margin_type is margin_type:
        raise refusals.SAME_MARGIN_TYPE
    if len(one.resting):
        raise refusals.MARGIN_TYPE_WITH_ORDERS
    if one.position.amount:
        raise refusals.MARGIN_TYPE_WITH_POSITION
    one.position.margin_type = margin_type
    one.position.updated_ms = store.updated_ms
    tell_account(store, UpdateReason.MARGIN_TYPE_CHANGE, [symbol])


def settle_funding(store: AccountStore, symbol: str, rate: Decimal, mark_price: Decimal) -> None:
    """Pay or receive funding for the position of this instant; an isolated one pays from its own wallet."""
    position = store.of(symbol).position
    fee = funding_fee(position, rate, mark_price)
    if not fee:
        return
    store.wallet.book(IncomeKind.FUNDING_FEE, fee, store.updated_ms, symbol)
    if position.is_isolated:
        position.isolated_wallet_usd += fee
    position.updated_ms = store.updated_ms
    changed = [symbol] if position.is_isolated else []
    tell_account(store, UpdateReason.FUNDING_FEE, changed, fee, symbol)
