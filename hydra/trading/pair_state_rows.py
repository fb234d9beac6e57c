"""Reads orders and positions from their tables and stores their changes.

Source: docs/architecture.md, laws 1 and 5 (after a restart everything is in the rows).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import DictRow, dict_row

from hydra.db import queries
from hydra.domain import (
    OrderRole,
    OrderState,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
    Side,
)
from hydra.layers.positions import direction_of
from hydra.trading.pair_state import (
    EntryPlan,
    Fill,
    Order,
    OrderEvent,
    PairState,
    Position,
    PositionEvent,
)
from hydra.trading.row_writer import Row, insert_rows, update_rows

Event = TypeVar("Event", OrderEvent, PositionEvent)


def read_pair_states(connection: psycopg.Connection, run_id: int) -> dict[int, PairState]:
    """The working orders and open positions of a run, by instrument."""
    states: dict[int, PairState] = {}
    for row in _rows(connection, "stages/open_positions", run_id):
        _of(states, row).position = _position(row)
    for row in _rows(connection, "stages/working_orders", run_id):
        state, order = _of(states, row), _order(row)
        state.add(order)
        if order.role is OrderRole.ENTRY:
            state.plan = _entry_plan(row)
    return states


def read_orders(
    connection: psycopg.Connection, run_id: int, client_order_ids: Sequence[str]
) -> list[tuple[Order, EntryPlan]]:
    """Some orders of a run, ended ones too, with the terms of their decisions; locked in the transaction."""
    values = {"run_id": run_id, "client_order_ids": list(client_order_ids)}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(queries.load("stages/orders_by_id"), values).fetchall()
    return [(_order(row), _entry_plan(row)) for row in rows]


def _rows(connection: psycopg.Connection, query: str, run_id: int) -> list[DictRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(queries.load(query), {"run_id": run_id}).fetchall()


def _of(states: dict[int, PairState], row: DictRow) -> PairState:
    instrument_id = row["instrument_id"]
    return states.setdefault(instrument_id, PairState(instrument_id))


_PLAIN_OF_ORDER: Final = (
    "order_id", "position_id", "instrument_id", "client_order_id", "decision_time", "is_buy", "quantity",
    "reference_price", "placed_time", "limit_price", "trigger_price", "closes_position", "filled_quantity",
    "average_price", "finished_time", "queue_ahead", "sent_time", "cancel_wanted_time", "exchange_order_id",
    "child_order_id", "last_sequence", "last_event_time",
)  # fmt: skip
_PLAIN_OF_POSITION: Final = (
    "position_id", "instrument_id", "decision_time", "opened_time", "quantity", "peak_quantity",
    "entry_price", "cost_basis_usd", "exit_price", "leverage", "stop_price", "target_price",
    "liquidation_price", "max_holding_until", "gross_pnl_usd", "fees_usd", "funding_usd",
    "mark_source", "last_sequence", "last_event_time", "stops_sent", "exits_sent",
)  # fmt: skip


def _order(row: DictRow) -> Order:
    return Order(
        role=OrderRole(row["role"]),
        order_type=OrderType(row["order_type"]),
        state=OrderState(row["state"]),
        reason_code=ReasonCode(row["reason_code"]) if row["reason_code"] else None,
        **{name: row[name] for name in _PLAIN_OF_ORDER},
    )


def _position(row: DictRow) -> Position:
    return Position(
        direction=direction_of(Side(row["side"])),
        state=PositionState(row["state"]),
        **{name: row[name] for name in _PLAIN_OF_POSITION},
    )


def _entry_plan(row: DictRow) -> EntryPlan:
    return EntryPlan(
        instrument_id=row["instrument_id"],
        direction=direction_of(Side(row["decision_side"])),
        quantity=row["quantity"],
        reference_price=row["reference_price"],
        leverage=row["recommended_leverage"],
        stop_price=row["stop_loss_price"],
        target_price=row["take_profit_price"],
        max_holding_hours=row["max_holding_hours"],
    )


def store_pair_states(
    connection: psycopg.Connection, run_id: int, states: Iterable[PairState], *, is_at_exchange: bool = True
) -> None:
    """Store the changes of `states` since they were read, with one statement a table.

    is_at_exchange: times of events do not go back. On paper what a late candle tells keeps its time.
    """
    held = list(states)
    if is_at_exchange:
        for one in held:
            _keep_order(one)
    _store_positions(connection, run_id, [one.position for one in held if one.position is not None])
    owner = {one.instrument_id: one.position for one in held}
    changed = [order for one in held for order in one.orders if order.events]
    _store_orders(connection, run_id, changed, owner)


def _store_positions(connection: psycopg.Connection, run_id: int, positions: list[Position]) -> None:
    changed = [position for position in positions if position.events]
    new = {position.instrument_id: position for position in changed if position.position_id is None}
    known = [position_row(run_id, position) for position in changed if position.position_id is not None]
    update_rows(connection, "positions", known)
    fresh = [position_row(run_id, position) for position in new.values()]
    for instrument_id, position_id in insert_rows(
        connection, "positions", fresh, ("instrument_id", "position_id")
    ):
        new[instrument_id].position_id = position_id
    events = [
        row for one in changed for row in position_event_rows(one.position_id, one.last_sequence, one.events)
    ]
    insert_rows(connection, "position_events", events)


def _store_orders(
    connection: psycopg.Connection, run_id: int, orders: list[Order], owner: dict[int, Position | None]
) -> None:
    new = {order.client_order_id: order for order in orders if order.order_id is None}
    known = [
        order_row(run_id, order, owner[order.instrument_id]) for order in orders if order.order_id is not None
    ]
    update_rows(connection, "orders", known)
    fresh = [order_row(run_id, order, owner[order.instrument_id]) for order in new.values()]
    for identity, order_id in insert_rows(connection, "orders", fresh, ("client_order_id", "order_id")):
        new[identity].order_id = order_id
    events = [row for one in orders for row in order_event_rows(one.order_id, one.last_sequence, one.events)]
    insert_rows(connection, "order_events", events)
    fills = [row for one in orders for row in fill_rows(one, one.last_sequence, one.fills)]
    insert_rows(connection, "fills", fills)


def _keep_order(state: PairState) -> None:
    for order in state.orders:
        order.events = _in_order(order.events, order.last_event_time)
    if state.position is not None:
        state.position.events = _in_order(state.position.events, state.position.last_event_time)


def _in_order(events: Sequence[Event], last_time: datetime | None) -> list[Event]:
    """The events with times that do not go back: what an exchange tells late happened no earlier here.

    Funding keeps its time: a settlement belongs to its instant.
    """
    found: list[Event] = []
    for event in events:
        if isinstance(event, PositionEvent) and event.kind is PositionEventKind.FUNDING:
            found.append(event)
            continue
        last_time = event.time if last_time is None else max(last_time, event.time)
        found.append(event if event.time == last_time else replace(event, time=last_time))
    return found


def position_row(run_id: int, position: Position) -> Row:
    """A row of hydra.positions."""
    return {
        "position_id": position.position_id,
        "run_id": run_id,
        "instrument_id": position.instrument_id,
        "decision_time": position.decision_time,
        "side": Side.LONG if position.direction > 0 else Side.SHORT,
        "state": position.state,
        "opened_time": position.opened_time,
        "closed_time": position.closed_time,
        "quantity": position.quantity,
        "peak_quantity": position.peak_quantity,
        "entry_price": position.entry_price,
        "cost_basis_usd": position.cost_basis_usd,
        "exit_price": position.exit_price,
        "leverage": position.leverage,
        "stop_price": position.stop_price,
        "target_price": position.target_price,
        "liquidation_price": position.liquidation_price,
        "max_holding_until": position.max_holding_until,
        "exit_reason_code": position.exit_reason_code,
        "gross_pnl_usd": position.gross_pnl_usd,
        "fees_usd": position.fees_usd,
        "funding_usd": position.funding_usd,
        "net_pnl_usd": position.net_pnl_usd,
        "mark_source": position.mark_source,
    }


def position_event_rows(
    position_id: int | None, last_sequence: int, events: Sequence[PositionEvent]
) -> list[Row]:
    """The events of a position after number `last_sequence`, as rows of hydra.position_events."""
    return [
        {
            "position_id": position_id,
            "sequence": last_sequence + number,
            "time": event.time,
            "kind": event.kind,
            "amount_usd": event.amount_usd,
            "reason_code": event.reason_code,
            "numbers": _as_numbers(event.numbers),
        }
        for number, event in enumerate(events, start=1)
    ]


def order_row(run_id: int, order: Order, position: Position | None) -> Row:
    """A row of hydra.orders. position: of the pair; it is linked only if it has the order's decision time.

    An order keeps its link when its position has closed before it ends.
    """
    is_its_own = position is not None and position.decision_time == order.decision_time
    return {
        "order_id": order.order_id,
        "run_id": run_id,
        "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id,
        "decision_time": order.decision_time,
        "position_id": position.position_id if position is not None and is_its_own else order.position_id,
        "role": order.role,
        "order_type": order.order_type,
        "side": "BUY" if order.is_buy else "SELL",
        "reduce_only": order.role is not OrderRole.ENTRY,
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "trigger_price": order.trigger_price,
        "closes_position": order.closes_position,
        "reference_price": order.reference_price,
        "state": order.state,
        "filled_quantity": order.filled_quantity,
        "average_price": order.average_price,
        "reason_code": order.reason_code,
        "placed_time": order.placed_time,
        "finished_time": order.finished_time,
        "queue_ahead": order.queue_ahead,
        "sent_time": order.sent_time,
        "cancel_wanted_time": order.cancel_wanted_time,
        "exchange_order_id": order.exchange_order_id,
        "child_order_id": order.child_order_id,
    }


def order_event_rows(order_id: int | None, last_sequence: int, events: Sequence[OrderEvent]) -> list[Row]:
    """The events of an order after number `last_sequence`, as rows of hydra.order_events."""
    return [
        {
            "order_id": order_id,
            "sequence": last_sequence + number,
            "time": event.time,
            "state": event.state,
            "reason_code": event.reason_code,
            "detail": _as_numbers(event.detail),
        }
        for number, event in enumerate(events, start=1)
    ]


def fill_rows(order: Order, last_sequence: int, fills: Sequence[Fill]) -> list[Row]:
    """The trades of an order after number `last_sequence`, as rows of hydra.fills."""
    return [
        {
            "order_id": order.order_id,
            "trade_id": trade.trade_id or f"{order.client_order_id}/{last_sequence + number}",
            "time": trade.time,
            "price": trade.price,
            "quantity": trade.quantity,
            "fee_usd": trade.fee_usd,
            "is_maker": trade.is_maker,
            "evidence": trade.evidence,
        }
        for number, trade in enumerate(fills, start=1)
    ]


def _as_numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Decimals become JSON numbers, so that queries can compare them."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}
