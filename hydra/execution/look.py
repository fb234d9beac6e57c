"""One look at a pair: what was heard goes into its rows, the rules decide, and the calls that are due follow.

No I/O. A look that is repeated with the same news changes nothing and gives no call twice.
Source: docs/architecture.md, "Live orders"; docs/architecture.md, laws 1 and 5.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from hydra.domain import OrderRefusal, OrderRole, OrderState
from hydra.exchange.account import TradeSeen
from hydra.execution import entry_life, exit_life, protection
from hydra.execution.calls import Call, calls_of
from hydra.execution.news import (
    LeverageSet,
    News,
    NotDone,
    NotFound,
    PairMemory,
    PositionShown,
    Quoted,
    Refused,
    Shown,
    StopsListed,
    StreamBroken,
    TradesListed,
    Unanswered,
    trades_in,
)
from hydra.execution.order_life import doubt, lacks_fills, note_ids, refuse, take
from hydra.execution.pair_orders import PairOrders
from hydra.trading.exchange_trades import book_trade, exit_reason, fill_of
from hydra.trading.pair_state import Fill, Order

_TO_REDUCE: Final = frozenset({OrderRefusal.NOTHING_TO_REDUCE, OrderRefusal.REDUCED_BY_OTHERS})


def look(
    pair: PairOrders, memory: PairMemory, news: Sequence[News], booked: Collection[str], time: datetime
) -> list[Call]:
    """Change the orders of `pair` as the news and the rules demand; the calls that are due now.

    booked: ids of trades that are stored already. time: the exchange's.
    """
    for one in news:
        _remember(pair, memory, one, time)
    memory.trades |= {trade.trade_id: trade for trade in trades_in(news)}
    _book(pair, memory, booked)
    for order in pair.working():
        shown = memory.shown.get(order.client_order_id)
        if shown is not None:
            take(order, shown, time)
            memory.needs_trades |= order.is_working and lacks_fills(order, shown.order)
    ended = [one for one in pair.state.orders if not one.is_working]
    protection.leave_where_fired(pair, memory, ended, time)
    exit_life.leave(pair, memory, ended, time)
    entry_life.enter(pair, memory, ended, time)
    protection.protect(pair, memory, time)
    calls = calls_of(pair, memory, time)
    memory.forget_all_but({one.client_order_id for one in pair.working()})
    return calls


def _remember(pair: PairOrders, memory: PairMemory, news: News, time: datetime) -> None:
    match news:
        case Shown():
            memory.show(news, time)
        case NotFound():
            memory.unknown(news, time)
        case StopsListed():
            memory.listed, memory.listed_at = news.client_order_ids, news.time
        case PositionShown():
            memory.position = news
            _measure(pair, news)
            if memory.doubted_at is not None and news.time > memory.doubted_at:
                memory.doubted_at = None if _agrees(pair, news) else time
        case TradesListed():
            memory.needs_trades = False
        case Quoted():
            memory.quoted = news
        case LeverageSet():
            memory.leverage = news.leverage
        case StreamBroken():
            memory.heard_at.clear()
            memory.listed_at, memory.needs_trades = None, True
        case _:
            _answered(pair, memory, news, time)


def _answered(
    pair: PairOrders, memory: PairMemory, news: Refused | Unanswered | NotDone, time: datetime
) -> None:
    """An order was sent, and the exchange did not show it in its answer."""
    memory.answered(news.client_order_id)
    order = pair.order(news.client_order_id)
    if order is None:
        return
    if isinstance(news, NotDone):
        if order.state is OrderState.PLANNED:
            order.sent_time = None
            order.enter(time, order.state, detail={"sent": False})
    elif isinstance(news, Unanswered):
        doubt(order, time)
        memory.succeeded("ask", order.client_order_id)
    else:
        refuse(order, news, time)
        if news.refusal in _TO_REDUCE and order.role is OrderRole.EXIT:
            memory.doubted_at, memory.needs_trades, memory.listed_at = time, True, None


def _agrees(pair: PairOrders, shown: PositionShown) -> bool:
    """True if the exchange holds a position on the side that is stored."""
    if pair.position is None or shown.position is None:
        return False
    return pair.position.direction * shown.position.quantity > 0


def _measure(pair: PairOrders, shown: PositionShown) -> None:
    """The exchange's own price of liquidation; it is stored with the next event of the position."""
    if pair.position is not None and _agrees(pair, shown) and shown.position is not None:
        told = shown.position.liquidation_price
        pair.position.liquidation_price = told if told is not None else pair.position.liquidation_price


def _book(pair: PairOrders, memory: PairMemory, booked: Collection[str]) -> None:
    """Book what was heard of trades, entries first; an exit's waits until the entry's is known."""
    for order in pair.working():
        shown = memory.shown.get(order.client_order_id)
        if shown is not None:
            note_ids(order, shown.order)
    owners = {trade_id: _owner(pair, trade) for trade_id, trade in memory.trades.items()}

    def place(trade_id: int) -> tuple[bool, datetime, int]:
        owner, trade = owners[trade_id], memory.trades[trade_id]
        return owner is None or owner.role is not OrderRole.ENTRY, trade.time, trade_id

    for trade_id in sorted(memory.trades, key=place):
        trade, owner = memory.trades[trade_id], owners[trade_id]
        if owner is not None and str(trade_id) not in booked:
            if owner.role is not OrderRole.ENTRY and trade.quantity > pair.held:
                memory.needs_trades = True
                continue
            _book_one(pair, owner, fill_of(trade, pair.spec.costs))
        del memory.trades[trade_id]


def _book_one(pair: PairOrders, order: Order, trade: Fill) -> None:
    if order.role is OrderRole.ENTRY:
        book_trade(pair.state, order, pair.entry_plan, trade, pair.spec)
    elif pair.position is not None:
        position = pair.position
        order.fill(trade)
        position.reduce(trade, exit_reason(order))


def _owner(pair: PairOrders, trade: TradeSeen) -> Order | None:
    """The working order that a trade filled; None: another's, or one that has ended (reconciliation's)."""
    exchange_id = str(trade.exchange_order_id)
    for order in pair.working():
        own_id = order.child_order_id if order.order_type.is_conditional else order.exchange_order_id
        if own_id == exchange_id or trade.client_order_id == order.client_order_id:
            return order
    return None
