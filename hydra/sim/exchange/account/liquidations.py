"""What the exchange does to positions by itself: margin calls, liquidation, ADL.

A position is liquidated when its margin balance at the mark no longer exceeds its maintenance margin: its
orders in the book expire, a forced order takes from the book what stands at the bankruptcy price or better,
and the insurance fund takes the rest at that price. The liquidation fee is paid from what margin is left, and
with isolated margin nothing more is lost (INSURANCE_CLEAR). Cross positions are liquidated one after the
other, the largest maintenance margin first, until the rest can stand. No trading fee is charged.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from hydra.sim.exchange.account import margins
from hydra.sim.exchange.account.book_orders import BookOrders
from hydra.sim.exchange.account.records import Order
from hydra.sim.exchange.account.reports import tell_account, tell_margin_call, tell_order
from hydra.sim.exchange.account.store import Store, SymbolStore
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

    def __init__(self, store: Store, book_orders: BookOrders) -> None:
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
        while held := [one for one in store.held() if not one.position.is_isolated]:
            balance = margins.cross_wallet(store) + margins.cross_unrealized(store)
            needed = margins.cross_maintenance(store)
            if balance > needed:
                self._call_cross(held, balance, needed)
                return
            for one in held:
                self._expire_orders(one)
            self._liquidate(max(held, key=lambda one: margins.maintenance_margin(store, one)))

    def _call_cross(self, held: Sequence[SymbolStore], balance: Decimal, needed: Decimal) -> None:
        if needed < balance * _CALL_RATIO:
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
        was_isolated, wallet = one.position.is_isolated, one.position.isolated_wallet_usd
        rounding = ROUND_CEILING if one.position.amount > 0 else ROUND_FLOOR
        bankruptcy = margins.bankruptcy_price(store, one).quantize(one.contract.price_unit, rounding)
        worst = max(one.contract.price_unit, bankruptcy)
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
        lost = before - store.wallet.balance_usd
        self._clear(one, order, wallet - lost if was_isolated else margins.cross_wallet(store))

    def _clear(self, one: SymbolStore, order: Order, left: Decimal) -> None:
        """The liquidation fee, from what margin is left; a margin that is overdrawn is made good."""
        cleared = -left if left < 0 else -min(left, usd(order.filled_usd * LIQUIDATION_FEE))
        self._store.wallet.book(
            IncomeKind.INSURANCE_CLEAR, cleared, self._store.updated_ms, one.contract.symbol
        )
        if cleared:
            tell_account(self._store, UpdateReason.INSURANCE_CLEAR, change_usd=cleared)

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
