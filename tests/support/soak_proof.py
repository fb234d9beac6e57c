"""What has to hold at the end of a soak, from the exchange's own lists against the tables."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import psycopg

from hydra.domain import OrderState
from hydra.sim.exchange.account.records import ConditionalOrder, Order
from hydra.sim.exchange.account.store import AccountStore
from hydra.sim.exchange.account.words import ConditionalStatus, IncomeKind
from hydra.sim.exchange.account.words import OrderType as SimulatedType

_STATES: Final = {
    ConditionalStatus.CANCELED: OrderState.CANCELED,
    ConditionalStatus.EXPIRED: OrderState.EXPIRED,
    ConditionalStatus.REJECTED: OrderState.REJECTED,
}
_OF_OTHERS: Final = "exchange-"
_ORDERS: Final = """
SELECT client_order_id, role, state, filled_quantity, instrument_id, decision_time FROM hydra.orders
"""
_FILLS: Final = """
SELECT f.trade_id, i.exchange_symbol, f.price, f.quantity, f.is_maker, f.fee_usd
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN market.instruments AS i ON i.instrument_id = o.instrument_id
"""


def doubled_ids(store: AccountStore) -> list[str]:
    """Client ids of HYDRA that more than one order has; a conditional order and its child are one."""
    children = {one.child.order_id for one in store.conditional.values() if one.child is not None}
    sent = [one.client_id for one in store.orders.values() if one.order_id not in children]
    sent += [one.client_id for one in store.conditional.values()]
    return [name for name, count in Counter(sent).items() if count > 1 and name.startswith("hy-")]


def overbought(
    connection: psycopg.Connection, store: AccountStore, decided: Mapping[tuple[int, datetime], Decimal]
) -> list[str]:
    """Decisions of which the exchange filled more than was decided."""
    filled: Counter[tuple[int, datetime]] = Counter()
    bought = {one.client_id: one.filled for one in store.orders.values()}
    for name, role, _, _, number, decision in connection.execute(_ORDERS).fetchall():
        if role == "ENTRY":
            filled[number, decision] += bought.get(name, Decimal(0))  # type: ignore[assignment]
    return [f"{key}: {filled[key]}" for key, most in decided.items() if filled[key] > most]


def fills_that_differ(connection: psycopg.Connection, store: AccountStore) -> tuple[list[Any], list[Any]]:
    """Trades that only the exchange has as they are there, and those that only the tables have.

    A fill of a liquidation bears what the insurance fund took, which the exchange tells beside its trade.
    """
    liquidated = {
        str(one.trade_id)
        for one in store.trades
        if store.orders[one.order_id].type is SimulatedType.LIQUIDATION
    }
    traded = {
        str(one.trade_id): (one.symbol, one.price, one.quantity, one.is_maker, one.commission_usd)
        for one in store.trades
    }
    rows = connection.execute(_FILLS).fetchall()
    taken = sum(one.amount_usd for one in store.wallet.incomes if one.kind is IncomeKind.INSURANCE_CLEAR)
    charged = sum(traded[name][-1] for name in liquidated)
    assert sum(row[-1] for row in rows if row[0] in liquidated) == charged - taken
    told = Counter((name, *trade) for name, trade in traded.items())
    stored = Counter((*row[:-1], traded[row[0]][-1]) if row[0] in liquidated else row for row in rows)
    return [*(told - stored)], [*(stored - told)]


def orders_that_differ(connection: psycopg.Connection, store: AccountStore) -> list[str]:
    """Orders whose state or filled quantity is not that of the exchange."""
    plain = {one.client_id: one for one in store.orders.values()}
    conditional = {one.client_id: one for one in store.conditional.values()}
    found = []
    rows = connection.execute(_ORDERS).fetchall()
    # What the exchange closed by itself is booked under the number that it has there, for what filled of it.
    plain |= {f"{_OF_OTHERS}{one.order_id}": one for one in store.orders.values()}
    for name, role, state, filled, _, _ in rows:
        told = _told(conditional.get(name), plain.get(re.sub(r"^exchange-\d+-", _OF_OTHERS, name)))
        if told is None:
            if filled or state not in {"CANCELED", "REJECTED", "EXPIRED"}:
                found.append(f"{role} {name}: {state} {filled}, and the exchange does not know it")
        elif name.startswith(_OF_OTHERS):
            if ("FILLED", told[1]) != (state, filled):
                found.append(f"{role} {name}: {state} {filled}, the exchange closed {told[1]}")
        elif told != (state, filled):
            found.append(f"{role} {name}: {state} {filled}, at the exchange {told}")
    known = {row[0] for row in rows}
    unknown = {*plain, *conditional} - known
    return found + [f"{name}: not in the tables" for name in unknown if name.startswith("hy-")]


def _told(conditional: ConditionalOrder | None, plain: Order | None) -> tuple[str, Decimal] | None:
    order = plain if conditional is None else conditional.child
    if order is not None:
        return order.status.value, order.filled
    if conditional is not None:
        return _STATES.get(conditional.status, conditional.status).value, Decimal(0)
    return None
