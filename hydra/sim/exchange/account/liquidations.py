"""What the exchange does to positions by itself: margin calls, liquidation, ADL.

A position is liquidated when its margin balance at the mark no longer exceeds its maintenance margin: its
orders in the book expire, a forced order takes from the book what stands at the bankruptcy price or better,
and the insurance fund takes the rest at that price. The liquidation fee is paid from what margin is left, and
no more than the isolated margin is lost (INSURANCE_CLEAR). Cross positions are liquidated one after the
other, the largest maintenance margin first, until the rest can stand: at the mark or better; the fee leaves
the others their maintenance margin, and a wallet below zero is made good. No trading fee is charged.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from hydra.sim.exchange.account import margins
from hydra.sim.exchange.account.book_orders import BookOrders
from hydra.sim.exchange.account.records import ZERO, Order
from hydra.sim.exchange.account.reports import tell_account, tell_margin_call, tell_order
from hydra.sim.exchange.account.store import AccountStore, SymbolStore
from hydra.sim.exchange.account.wallet import usd
from hydra.sim.exchange.account.words import (
    ExecutionType,
    ExpiryReason,
    IncomeKind,
    OrderSide,
    OrderType,
    TimeInForce,
    UpdateReason,
)
from hydra.sim.exchange.trading_rules import LIQUIDATION_FEE

_CALL_RATIO: Final = Decimal("0.8")
"""A margin call is sent once maintenance margin / margin balance reaches this, a fraction."""


class Liquidations:
    """Watches the positions of an account."""

    def __init__(self, store: AccountStore, book_orders: BookOrders) -> None:
        self._store = store
        self._book_orders = book_orders

    def on_mark(self, symbol: str) -> None:
        """Look at the margin behind a position at a new mark."""
        one = self._store.of(symbol)
        if not one.position.amount:
            return
        if one.position.is_isolated:
            self._watch_isolated(one)
        else:
            self._watch_cross()

    def _watch_isolated(self, one: SymbolStore) -> None:
        balance = one.position.isolated_wallet_usd + margins.unrealized(self._store, one)
        needed = margins.maintenance_margin(self._store, one)
        if balance <= needed:
            self._liquidate(one)
        elif needed < balance * _CALL_RATIO:
            one.is_called = False
        elif not one.is_called:
            one.is_called = True
            tell_margin_call(self._store, [one])

    def _watch_cross(self) -> None:
        store = self._store
        held = self._held_cross()
        spare = self._spare()
        if spare > 0:
            self._call_cross(held, margins.cross_maintenance(store), spare)
            return
        for one in held:
            self._expire_orders(one)
        while held:
            self._liquidate(max(held, key=lambda one: margins.maintenance_margin(store, one)))
            held = self._held_cross() if self._spare() < 0 else []

    def _held_cross(self) -> list[SymbolStore]:
        return [one for one in self._store.held() if not one.position.is_isolated]

    def _spare(self) -> Decimal:
        """What the cross wallet and its profits hold beyond the maintenance margins."""
        store = self._store
        balance = margins.cross_wallet(store) + margins.cross_unrealized(store)
        return balance - margins.cross_maintenance(store)

    def _call_cross(self, held: Sequence[SymbolStore], needed: Decimal, spare: Decimal) -> None:
        if needed < (needed + spare) * _CALL_RATIO:
            self._store.is_cross_called = False
        elif not self._store.is_cross_called:
            self._store.is_cross_called = True
            tell_margin_call(self._store, held)

    def _expire_orders(self, one: SymbolStore) -> None:
        for order in list(one.resting):
            self._book_orders.expire(order, ExpiryReason.LIQUIDATED)

    def _liquidate(self, one: SymbolStore) -> None:
        """Close a position by force."""
        store = self._store
        self._expire_orders(one)
        wallet = one.position.isolated_wallet_usd if one.position.is_isolated else None
        worst = self._last_price(one)
        before = store.wallet.balance_usd
        order = self._forced_order(one, f"autoclose-{store.updated_ms}", worst)
        for offer in one.liquidity.offers(store.book(order.symbol), order.side, worst):
            quantity = min(offer.quantity, order.open_quantity)
            self._fill(order, quantity, offer.price)
            one.liquidity.take(order.side, offer, quantity)
            if not order.is_open:
                break
        if order.is_open:
            self._fill(order, order.open_quantity, worst)
        self._clear(order, self._spare() if wallet is None else wallet + store.wallet.balance_usd - before)

    def _last_price(self, one: SymbolStore) -> Decimal:
        """The price at which the insurance fund takes over."""
        position = one.position
        price = (
            margins.bankruptcy_price(position) if position.is_isolated else self._store.mark(position.symbol)
        )
        rounding = ROUND_CEILING if position.amount > 0 else ROUND_FLOOR
        return max(one.contract.price_unit, price.quantize(one.contract.price_unit, rounding))

    def _clear(self, order: Order, left: Decimal) -> None:
        """The liquidation fee, from what margin is left; an empty wallet that is overdrawn is made good."""
        store = self._store
        cleared = -min(max(ZERO, usd(left)), usd(order.filled_usd * LIQUIDATION_FEE))
        overdrawn = margins.cross_wallet(store)
        if overdrawn < 0 and not self._held_cross():
            cleared = -overdrawn
        if cleared:
            store.wallet.book(IncomeKind.INSURANCE_CLEAR, cleared, store.updated_ms, order.symbol)
            tell_account(store, UpdateReason.INSURANCE_CLEAR, change_usd=cleared)

    def auto_deleverage(self, symbol: str) -> None:
        """Close the whole position at the mark, against one that is liquidated elsewhere; nothing if flat."""
        one = self._store.of(symbol)
        if one.position.amount:
            price = one.contract.price(self._store.mark(symbol))
            order = self._forced_order(one, "adl_autoclose", price)
            self._fill(order, order.quantity, price)

    def _forced_order(self, one: SymbolStore, client_id: str, price: Decimal) -> Order:
        store, position = self._store, one.position
        order = Order(
            order_id=store.next_id(),
            client_id=client_id,
            symbol=position.symbol,
            side=OrderSide.SELL if position.amount > 0 else OrderSide.BUY,
            type=OrderType.LIQUIDATION,
            time_in_force=TimeInForce.IOC,
            quantity=abs(position.amount),
            price=price,
            reduce_only=True,
            close_position=False,
            created_ms=store.updated_ms,
            updated_ms=store.updated_ms,
        )
        store.add_order(order)
        tell_order(store, order, ExecutionType.NEW)
        return order

    def _fill(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        self._book_orders.fill(order, quantity, price, is_maker=False, execution=ExecutionType.CALCULATED)
