"""The comparison: a snapshot of the account goes into temporary tables, one query says what differs.

Source: docs/exchange.md, "Reconciliation".
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from hydra.db import queries
from hydra.domain import DifferenceKind
from hydra.exchange.account import IncomeSeen, OrderSeen, PositionSeen, TradeSeen
from hydra.reconciliation.snapshot import AccountSnapshot, OrderName
from hydra.trading.exchange_trades import QUOTE

Shown = dict[str, Any]
"""A row of a temporary table."""


@dataclass(frozen=True)
class Difference:
    """One thing that tables and exchange say differently. subject: its id; empty for a position or balance.

    symbol: as the exchange names the pair. instrument_id: None: no pair of the run. in_tables, at_exchange:
    what they say, as JSON, in which numbers are exact; None: nothing.
    """

    kind: DifferenceKind
    symbol: str
    instrument_id: int | None
    subject: str
    in_tables: str | None
    at_exchange: str | None

    def __post_init__(self) -> None:
        """Convert the database's text to the enumeration."""
        object.__setattr__(self, "kind", DifferenceKind(self.kind))

    @property
    def name(self) -> tuple[str, str, str]:
        """By what it is known again: kind, symbol, subject."""
        return self.kind, self.symbol, self.subject

    def shown(self, name: str) -> Any:
        """One of the things that the exchange says; numbers are decimals."""
        return json.loads(self.at_exchange or "{}", parse_float=Decimal, parse_int=Decimal).get(name)


def find_differences(
    connection: psycopg.Connection, run_id: int, snapshot: AccountSnapshot
) -> list[Difference]:
    """Compare the tables with `snapshot`, inside the caller's transaction."""
    values = {"run_id": run_id, "since": snapshot.since}
    with connection.cursor(row_factory=class_row(Difference)) as cursor:
        return cursor.execute(queries.load("reconcile/differences"), values).fetchall()


def show(connection: psycopg.Connection, snapshot: AccountSnapshot) -> None:
    """Copy `snapshot` into temporary tables, which end with the caller's transaction."""
    connection.execute(queries.load("reconcile/shown_tables"))
    orders = [*map(_order, snapshot.orders), *map(_not_found, snapshot.not_found)]
    _copy(connection, "shown_orders", orders)
    _copy(connection, "shown_trades", map(_trade, snapshot.trades))
    _copy(connection, "shown_positions", map(_position, snapshot.positions))
    _copy(connection, "shown_balances", [{"wallet_usd": snapshot.balance.wallet_usd}])
    _copy(connection, "shown_income", map(_income, snapshot.income))


def _copy(connection: psycopg.Connection, table: str, rows: Iterable[Shown]) -> None:
    """COPY as text, which keeps decimals exact."""
    held: Sequence[Shown] = list(rows)
    if not held:
        return
    names = list(held[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in held:
            copy.write_row([row[name] for name in names])


def _order(one: OrderSeen) -> Shown:
    return {
        **_named(OrderName(one.symbol, one.client_order_id, one.is_conditional)),
        "exchange_order_id": str(one.exchange_order_id),
        "order_type": one.order_type,
        "state": one.state,
        "is_buy": one.is_buy,
        "quantity": one.quantity,
        "filled_quantity": one.filled_quantity,
        "limit_price": one.limit_price,
        "trigger_price": one.trigger_price,
        "child_order_id": None if one.child_order_id is None else str(one.child_order_id),
    }


def _not_found(name: OrderName) -> Shown:
    columns = (
        "exchange_order_id", "order_type", "state", "is_buy", "quantity", "filled_quantity", "limit_price",
        "trigger_price", "child_order_id",
    )  # fmt: skip
    return {**_named(name), **dict.fromkeys(columns)}


def _named(name: OrderName) -> Shown:
    return {
        "client_order_id": name.client_order_id,
        "symbol": name.symbol,
        "is_conditional": name.is_conditional,
    }


def _trade(one: TradeSeen) -> Shown:
    return {
        "symbol": one.symbol,
        "trade_id": str(one.trade_id),
        "exchange_order_id": str(one.exchange_order_id),
        "client_order_id": one.client_order_id,
        "is_buy": one.is_buy,
        "price": one.price,
        "quantity": one.quantity,
        "fee_usd": one.fee if one.fee_asset == QUOTE else None,
        "is_maker": one.is_maker,
        "time": one.time,
    }


def _position(one: PositionSeen) -> Shown:
    return {
        "symbol": one.symbol,
        "quantity": one.quantity,
        "entry_price": one.entry_price,
        "leverage": one.leverage,
        "is_isolated": one.is_isolated,
    }


def _income(one: IncomeSeen) -> Shown:
    return {
        "kind": one.kind,
        "transaction_id": str(one.transaction_id),
        "time": one.time,
        "symbol": one.symbol,
        "trade_id": None if one.trade_id is None else str(one.trade_id),
        "asset": one.asset,
        "amount": one.amount,
    }
