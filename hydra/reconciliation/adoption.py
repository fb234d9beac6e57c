"""The tables take over what the exchange shows of a position, as an operator asks.

What they do not hold is booked as an entry that filled at the exchange's entry price; what only they hold, as
an exit.
Source: docs/exchange.md, "Reconciliation"; C45, C47, C117.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import psycopg

from hydra.db import queries
from hydra.domain import FillEvidence, OrderRole, OrderState, OrderType, ReasonCode
from hydra.exchange.account import PositionSeen
from hydra.layers.layer4_exits import REWARD_TO_RISK
from hydra.layers.layer4_filters import round_towards_entry
from hydra.trading.exchange_trades import measure_liquidation
from hydra.trading.instrument_spec import InstrumentSpec, read_terms
from hydra.trading.live_venue import lock_pairs
from hydra.trading.market_rows import MARK
from hydra.trading.operator_requests import OperatorRequest, RequestAnswer
from hydra.trading.pair_state import Fill, Order, PairState, Position, rounded_usd
from hydra.trading.pair_state_rows import read_pair_states, store_pair_states
from hydra.trading.parameters import Rules

ADOPTED: Final = "adopted"
"""Begins the ids of orders and trades that stand for what was taken over."""


def adopt(
    connection: psycopg.Connection,
    run_id: int,
    rules: Rules,
    request: OperatorRequest,
    held: PositionSeen,
    time: datetime,
) -> RequestAnswer:
    """Book what is held and not in the tables, in one transaction; its stop is placed afterwards.

    held: the position as the exchange shows it at `time`.
    """
    instrument_id = request.instrument_id
    if instrument_id is None:
        raise AssertionError("only pairs of the run are taken over")
    with connection.transaction():
        values = {"run_id": run_id, "instrument_id": instrument_id}
        lock_pairs(connection, run_id, instrument_id)
        state = read_pair_states(connection, run_id).get(instrument_id, PairState(instrument_id))
        decided = connection.execute(queries.load("reconcile/newest_decision"), values).fetchone()
        terms = read_terms(connection, [instrument_id], time, rules.costs)
        if decided is None or instrument_id not in terms:
            return RequestAnswer(
                f"the run has not decided a minute of {request.symbol} yet: ask again after one",
                is_done=False,
            )
        refusal = refuse(request, held, state.position, terms[instrument_id].filters.max_quantity)
        if refusal is not None:
            return RequestAnswer(refusal, is_done=False)
        bought = _take_over(state, request, held, (decided[0], time), terms[instrument_id], run_id)
        store_pair_states(connection, run_id, [state])
    return RequestAnswer(f"{bought} of {request.symbol} are now a position of run {run_id}", is_done=True)


def let_go(
    connection: psycopg.Connection,
    run_id: int,
    request: OperatorRequest,
    held: PositionSeen | None,
    time: datetime,
) -> RequestAnswer | None:
    """Book as closed what the tables hold and the exchange does not; None: there is nothing of that kind.

    It is booked at its entry price: what it earned is among the income of others' trades.
    """
    instrument_id = request.instrument_id
    if instrument_id is None:
        return None
    with connection.transaction():
        lock_pairs(connection, run_id, instrument_id)
        state = read_pair_states(connection, run_id).get(instrument_id, PairState(instrument_id))
        gone = not_there(held, state.position)
        if gone == 0 or state.position is None:
            return None
        position = state.position
        fill = _fill(request, position.entry_price, gone, time)
        state.ended.append(_standing_for(request, position, run_id, OrderRole.EXIT, fill))
        position.reduce(fill, ReasonCode.CLOSED_ELSEWHERE)
        store_pair_states(connection, run_id, [state])
    return RequestAnswer(f"{gone} of {request.symbol} count as closed in run {run_id}", is_done=True)


def not_there(held: PositionSeen | None, own: Position | None) -> Decimal:
    """What the tables hold and the exchange does not; 0: nothing, or the exchange holds the other side."""
    if own is None:
        return Decimal(0)
    shown = held.quantity * own.direction if held is not None else Decimal(0)
    return max(own.quantity - shown, Decimal(0)) if shown >= 0 else Decimal(0)


def refuse(
    request: OperatorRequest, held: PositionSeen, own: Position | None, largest: Decimal
) -> str | None:
    """Why a position cannot be taken over; None: it can. own: what the tables hold of the pair.

    largest: what one market order can close, base units.
    """
    direction, symbol = direction_of_quantity(held.quantity), request.symbol
    mark, stop = held.mark_price or held.entry_price, request.stop_price
    target = request.target_price
    obstacles = {
        "a position is taken over with a stop: give one": stop is None,
        f"{symbol} stands on cross margin: set it to isolated margin first": not held.is_isolated,
        f"HYDRA holds the other side of {symbol}: flatten it first": own is not None
        and own.direction != direction,
        f"all of {symbol} at the exchange is HYDRA's already": own is not None
        and abs(held.quantity) <= own.quantity,
        f"{abs(held.quantity)} of {symbol} is more than one order closes ({largest}): close a part by hand "
        "first": abs(held.quantity) > largest,
        f"a stop at {stop} would fire at once: the mark price is {mark}": stop is not None
        and direction * (mark - stop) <= 0,
        f"a target at {target} would fire at once: the mark price is {mark}": target is not None
        and direction * (target - mark) <= 0,
        f"from a stop at {stop} no target above 0 follows: give one": target is None
        and stop is not None
        and _target(mark, stop, direction) <= 0,
    }
    return next((words for words, holds in obstacles.items() if holds), None)


def direction_of_quantity(quantity: Decimal) -> int:
    """+1 for a long, -1 for a short."""
    return 1 if quantity > 0 else -1


def entry_of_rest(held: PositionSeen, own: Position | None) -> tuple[Decimal, Decimal]:
    """Quantity and mean entry price of what is held and not in the tables.

    Somebody who sold a part of what he had added leaves a mean from which no price of the rest follows: then
    it is the exchange's.
    """
    quantity, cost = abs(held.quantity), abs(held.quantity) * held.entry_price
    if own is None:
        return quantity, held.entry_price
    rest = quantity - own.quantity
    price = rounded_usd((cost - own.cost_basis_usd) / rest)
    return rest, price if price > 0 else held.entry_price


def _take_over(
    state: PairState,
    request: OperatorRequest,
    held: PositionSeen,
    times: tuple[datetime, datetime],
    spec: InstrumentSpec,
    run_id: int,
) -> Decimal:
    """Add the rest to the position of `state`; gives its quantity. times: of the decision, and of now."""
    direction, (quantity, price) = direction_of_quantity(held.quantity), entry_of_rest(held, state.position)
    position = state.position or _new_position(request, held, times, direction)
    position.stop_price, position.target_price = _exits(request, held, direction, spec)
    fill = _fill(request, price, quantity, times[1])
    state.ended.append(_standing_for(request, position, run_id, OrderRole.ENTRY, fill))
    position.increase(fill)
    measure_liquidation(position, spec)
    state.position = position
    return quantity


def _standing_for(
    request: OperatorRequest, position: Position, run_id: int, role: OrderRole, fill: Fill
) -> Order:
    """The order that stands for what others did to a position, filled by `fill`."""
    order = Order(
        instrument_id=position.instrument_id,
        client_order_id=f"{ADOPTED}-{run_id}-{request.request_id}",
        decision_time=position.decision_time,
        role=role,
        order_type=OrderType.MARKET,
        is_buy=(position.direction > 0) == (role is OrderRole.ENTRY),
        quantity=fill.quantity,
        reference_price=fill.price,
        placed_time=fill.time,
    )
    reason = None if role is OrderRole.ENTRY else ReasonCode.CLOSED_ELSEWHERE
    asked = {"by": request.requested_by, "reason": request.reason}
    order.enter(fill.time, OrderState.OPEN, reason, asked)
    order.fill(fill)
    return order


def _fill(request: OperatorRequest, price: Decimal, quantity: Decimal, time: datetime) -> Fill:
    trade_id = f"{ADOPTED}/{request.request_id}"
    evidence = FillEvidence.EXCHANGE
    return Fill(time, price, quantity, Decimal(0), is_maker=False, evidence=evidence, trade_id=trade_id)


def _new_position(
    request: OperatorRequest, held: PositionSeen, times: tuple[datetime, datetime], direction: int
) -> Position:
    decided, now = times
    hours = float(request.max_holding_hours or 0)
    return Position(
        instrument_id=request.instrument_id or 0,
        decision_time=decided,
        direction=direction,
        opened_time=now,
        leverage=Decimal(held.leverage or 1),
        max_holding_until=now + timedelta(hours=hours),
        mark_source=MARK,
    )


def _exits(
    request: OperatorRequest, held: PositionSeen, direction: int, spec: InstrumentSpec
) -> tuple[Decimal, Decimal]:
    """Stop and target on the price grid; without a target it lies twice as far away as the stop (C35)."""
    mark, tick = held.mark_price or held.entry_price, spec.filters.tick_size
    stop = round_towards_entry(request.stop_price or mark, tick, mark)
    target = request.target_price or _target(mark, stop, direction)
    return stop, round_towards_entry(target, tick, mark)


def _target(mark: Decimal, stop: Decimal, direction: int) -> Decimal:
    return mark + direction * REWARD_TO_RISK * abs(mark - stop)
