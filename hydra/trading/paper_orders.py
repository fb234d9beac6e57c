"""Orders of the paper exchange in a minute: by its recorded book and trades if it has them, else by its bar.

The rules are `hydra/layers/layer5_book_fills.py` and `hydra/layers/layer5_paper_fills.py`.
Source: C41, C114, C126; docs/practice.md, "Costs".
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hydra.domain import OrderState, ReasonCode
from hydra.layers.layer4_filters import ceil_to, exact, floor_to
from hydra.layers.layer5_book_fills import (
    OrderFlow,
    QueueFill,
    RestingOrder,
    market_price,
    quantity_ahead,
    rest_in_queue,
    would_take,
)
from hydra.layers.layer5_paper_fills import passive_fill
from hydra.ledger.costs import half_spread, taker_price
from hydra.trading.bars import Bar
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.pair_state import Order

_NEXT: Final = timedelta(microseconds=1)


def within(bar: Bar, time: datetime) -> datetime:
    """`time` as the time of a fill of this bar: after its beginning, at the latest at its end."""
    return min(max(time, bar.time + _NEXT), bar.end)


def rest(
    order: Order, bar: Bar, flow: OrderFlow | None, arrival: datetime, step_size: Decimal
) -> RestingOrder:
    """What fills of a resting order in a minute. arrival: at the exchange, before the bar's end."""
    if flow is not None:
        found = _rest_on_book(order, flow, bar, arrival, step_size)
        return RestingOrder([one._replace(time=within(bar, one.time)) for one in found.fills], found.ahead)
    quantity = _quantity_by_bar(order, bar, step_size)
    return RestingOrder([QueueFill(bar.end, quantity)] if quantity > 0 else [], order.queue_ahead)


def _rest_on_book(
    order: Order, flow: OrderFlow, bar: Bar, arrival: datetime, step_size: Decimal
) -> RestingOrder:
    """An order that arrives in this minute joins the queue; if it would trade at once it is REJECTED."""
    limit, since = _limit(order), max(arrival, bar.time)
    book = flow.book_at(since)
    if book is not None and arrival >= bar.time and would_take(book, limit, is_buy=order.is_buy):
        touch = {"best_bid": list(book.bid_prices[:1]), "best_ask": list(book.ask_prices[:1])}
        order.enter(since, OrderState.REJECTED, ReasonCode.EXCHANGE_REFUSED, touch)
        return RestingOrder([], None)
    if order.queue_ahead is None and book is not None:
        order.stand_in_queue(since, quantity_ahead(book, limit, is_buy=order.is_buy))
    return rest_in_queue(
        flow, limit, order.remaining, order.queue_ahead, since, step_size, is_buy=order.is_buy
    )


def _quantity_by_bar(order: Order, bar: Bar, step_size: Decimal) -> Decimal:
    possible = passive_fill(
        _limit(order), float(order.remaining), bar.high, bar.low, bar.volume, is_buy=order.is_buy
    )
    return min(order.remaining, floor_to(exact(possible), step_size))


def _limit(order: Order) -> float:
    if order.limit_price is None:
        raise AssertionError("a resting order has a limit")
    return float(order.limit_price)


def price_by_bar(order: Order, price: float, spec: InstrumentSpec) -> Decimal:
    """The price of a market order around a traded `price`: half the model's spread and the slippage worse."""
    costs, direction = spec.costs, 1 if order.is_buy else -1
    return _on_grid(
        order, taker_price(exact(price), direction, costs.taker_spread_bps, costs.slippage_bps), spec
    )


def price_by_book(
    order: Order,
    quantity: Decimal,
    flow: OrderFlow,
    time: datetime,
    spec: InstrumentSpec,
    *,
    trigger_price: float | None = None,
) -> Decimal | None:
    """The price of a market order that arrives at `time`; None where no book says it.

    trigger_price: of the trade at which a stop or target fired: the order gets no better price. A run that
    widens the model's spread (`taker_spread_factor`) pays the widening on top.
    """
    costs, direction = spec.costs, 1 if order.is_buy else -1
    price = market_price(flow, time, quantity, costs.slippage_bps, is_buy=order.is_buy)
    if price is None:
        return None
    if trigger_price is not None:
        price = (max if order.is_buy else min)(price, exact(trigger_price))
    widening = half_spread(price, costs.taker_spread_bps - costs.spread_bps)
    return _on_grid(order, price + direction * widening, spec)


def _on_grid(order: Order, price: Decimal, spec: InstrumentSpec) -> Decimal:
    tick = spec.filters.tick_size
    return ceil_to(price, tick) if order.is_buy else floor_to(price, tick)
