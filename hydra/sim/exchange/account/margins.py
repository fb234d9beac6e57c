"""Margins of an account: of positions, of orders, what is free, where a position is liquidated. USDT.

Cross positions share the cross wallet: the balance less what stands in isolated positions.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from hydra.ledger.positions import margin_usd
from hydra.sim.exchange.account.records import ZERO, Order, Position
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.words import OrderSide

_MARKET_BUY_ALLOWANCE: Final = Decimal("1.0005")
"""A market BUY is taken to cost the best ask times this, a market SELL the best bid."""


class OpenValue(NamedTuple):
    """Value of resting orders that may open a position."""

    bids_usd: Decimal
    asks_usd: Decimal

    def with_order(self, side: OrderSide, value_usd: Decimal) -> "OpenValue":
        """The same with a further order."""
        if side is OrderSide.BUY:
            return OpenValue(self.bids_usd + value_usd, self.asks_usd)
        return OpenValue(self.bids_usd, self.asks_usd + value_usd)


def open_value(one: SymbolStore, without: Order | None = None) -> OpenValue:
    """Of the symbol's orders that are not reduce-only."""
    value = OpenValue(ZERO, ZERO)
    for order in one.resting:
        if not order.reduce_only and order is not without:
            value = value.with_order(order.side, order.open_quantity * order.price)
    return value


def order_margin(position: Position, mark: Decimal, value: OpenValue) -> Decimal:
    """Initial margin of orders: of what the larger side would add to the position.

    Formula: (max(|held + bids|, |held - asks|) - |held|) / leverage, at least 0
    """
    held = position.amount * mark
    worst = max(abs(held + value.bids_usd), abs(held - value.asks_usd))
    return margin_usd(max(ZERO, worst - abs(held)), Decimal(position.leverage))


def position_margin(store: AccountStore, one: SymbolStore) -> Decimal:
    """Initial margin of a position at the mark."""
    position = one.position
    notional = abs(position.amount) * store.mark(position.symbol)
    return margin_usd(notional, Decimal(position.leverage))


def maintenance_margin(store: AccountStore, one: SymbolStore) -> Decimal:
    """Maintenance margin of a position at the mark; 0 when flat."""
    amount = abs(one.position.amount)
    return one.contract.maintenance_margin(amount * store.mark(one.contract.symbol)) if amount else ZERO


def unrealized(store: AccountStore, one: SymbolStore) -> Decimal:
    """Profit of a position at the mark."""
    return one.position.unrealized_usd(store.mark(one.contract.symbol)) if one.position.amount else ZERO


def cross_wallet(store: AccountStore) -> Decimal:
    """The balance that is in no isolated position."""
    return store.wallet.balance_usd - sum((one.position.isolated_wallet_usd for one in store.held()), ZERO)


def cross_unrealized(store: AccountStore) -> Decimal:
    """Profit of all cross positions at the mark."""
    return sum((unrealized(store, one) for one in store.held() if not one.position.is_isolated), ZERO)


def cross_maintenance(store: AccountStore) -> Decimal:
    """Maintenance margin of all cross positions."""
    return sum((maintenance_margin(store, one) for one in store.held() if not one.position.is_isolated), ZERO)


def open_order_margin(store: AccountStore) -> Decimal:
    """Initial margin of all orders."""
    return sum(
        (
            order_margin(one.position, store.mark(symbol), open_value(one))
            for symbol, one in store.symbols.items()
            if len(one.resting)
        ),
        ZERO,
    )


def available(store: AccountStore) -> Decimal:
    """What new orders may use: the cross wallet and its profit less the margins that are in use."""
    used = sum((position_margin(store, one) for one in store.held() if not one.position.is_isolated), ZERO)
    free = cross_wallet(store) + cross_unrealized(store) - used - open_order_margin(store)
    return max(ZERO, free)


def assumed_price(store: AccountStore, symbol: str, side: OrderSide) -> Decimal:
    """The price at which a market order is taken to fill, for its margin."""
    offer = next(store.of(symbol).liquidity.offers(store.book(symbol), side), None)
    best = offer.price if offer else store.mark(symbol)
    return best * _MARKET_BUY_ALLOWANCE if side is OrderSide.BUY else best


def cost_of_order(
    store: AccountStore,
    one: SymbolStore,
    side: OrderSide,
    quantity: Decimal,
    price: Decimal,
    instead_of: Order | None,
) -> Decimal:
    """What an order takes of the available balance: initial margin, and the loss at which it would open.

    instead_of: the order that it replaces.
    """
    position, mark = one.position, store.mark(one.contract.symbol)
    before = open_value(one)
    after = open_value(one, instead_of).with_order(side, quantity * price)
    margin = order_margin(position, mark, after) - order_margin(position, mark, before)
    closes = abs(position.amount) if position.amount * side.sign < 0 else ZERO
    opens = max(ZERO, quantity - closes)
    return margin + opens * max(ZERO, side.sign * (price - mark))


def liquidation_price(store: AccountStore, one: SymbolStore) -> Decimal:
    """The mark price at which the position is liquidated; 0: never, or flat."""
    position = one.position
    if not position.amount:
        return ZERO
    return one.contract.liquidation_price(
        position.direction, position.entry_price, abs(position.amount), _margin_of(store, one)
    )


def bankruptcy_price(position: Position) -> Decimal:
    """The price at which an isolated position has lost its margin.

    Formula: entry - isolated wallet / amount
    """
    return position.entry_price - position.isolated_wallet_usd / position.amount


def _margin_of(store: AccountStore, one: SymbolStore) -> Decimal:
    """The wallet on which a position stands; for a cross one that of all, as the other positions leave it."""
    if one.position.is_isolated:
        return one.position.isolated_wallet_usd
    others = cross_unrealized(store) - unrealized(store, one)
    needed = cross_maintenance(store) - maintenance_margin(store, one)
    return cross_wallet(store) + others - needed
