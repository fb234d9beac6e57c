"""Whatever an account of the simulated exchange does, and whatever the market does to it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.sim.exchange.account.records import Order
from hydra.sim.exchange.account.requests import OrderChange, OrderKey
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import AccountUpdate, OrderTradeUpdate
from hydra.sim.exchange.account.words import MarginType, OrderSide, OrderType, TimeInForce
from hydra.sim.exchange.refusals import Refusal
from tests.support.account_scene import BTC, START_MS, Scene

_TICKS = st.integers(-40, 40).map(lambda ticks: f"{50_000 + ticks / 10:.1f}")
_QUANTITY = st.integers(2, 900).map(lambda steps: f"{steps / 1_000:.3f}")
_SIDE = st.sampled_from(OrderSide)
_LASTS: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX)
_MARK = st.sampled_from(("50000", "49990.5", "50400", "47000", "53000", "30000", "90000", "50000"))

_STEP = st.one_of(
    st.tuples(st.just("limit"), _SIDE, _QUANTITY, _TICKS, st.sampled_from(_LASTS), st.booleans()),
    st.tuples(st.just("market"), _SIDE, _QUANTITY, st.booleans()),
    st.tuples(st.just("stop"), _SIDE, st.sampled_from(("49900.0", "50100.0")), st.none() | _QUANTITY),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("modify"), st.integers(0, 5), _QUANTITY, _TICKS),
    st.tuples(st.just("trade"), _TICKS, _QUANTITY, st.booleans()),
    st.tuples(st.just("book"), st.integers(-20, 20), st.lists(_QUANTITY, min_size=6, max_size=6)),
    st.tuples(st.just("depth"), st.booleans(), _QUANTITY),
    st.tuples(st.just("mark"), _MARK),
    st.tuples(st.just("funding"), st.sampled_from(("0.0001", "-0.0030", "0.0300"))),
    st.tuples(st.just("adl")),
)


def step(scene: Scene, what: str, *terms: object) -> None:
    """Let one thing happen; what the exchange refuses does not."""
    with suppress(Refusal):
        _ACTIONS[what](scene, *terms)


def _limit(
    scene: Scene, side: OrderSide, quantity: str, price: str, lasts: TimeInForce, reduces: bool
) -> None:
    scene.place(side, quantity, price, lasts, reduce_only=reduces)


def _market(scene: Scene, side: OrderSide, quantity: str, reduces: bool) -> None:
    scene.place(side, quantity, reduce_only=reduces)


def _stop(scene: Scene, side: OrderSide, trigger: str, quantity: str | None) -> None:
    scene.stop(side, trigger, OrderType.STOP_MARKET, quantity)


def _chosen(scene: Scene, place: int) -> Order | None:
    opened = scene.account.open_orders()
    return opened[place % len(opened)] if opened else None


def _cancel(scene: Scene, place: int) -> None:
    if order := _chosen(scene, place):
        scene.cancel(order)


def _modify(scene: Scene, place: int, quantity: str, price: str) -> None:
    if order := _chosen(scene, place):
        key = OrderKey(BTC, order.order_id)
        scene.account.modify(OrderChange(key, order.side, Decimal(quantity), Decimal(price)), scene.tick())


def _book(scene: Scene, shift: int, sizes: Sequence[str]) -> None:
    middle = 500_000 + shift
    bids = [(f"{(middle - place) / 10:.1f}", size) for place, size in enumerate(sizes[:3], start=1)]
    asks = [(f"{(middle + place) / 10:.1f}", size) for place, size in enumerate(sizes[3:], start=1)]
    scene.new_book(bids, asks)


def _depth(scene: Scene, is_bid: bool, quantity: str) -> None:
    book = scene.book(BTC)
    assert book is not None
    side = book.bids if is_bid else book.asks
    change = [(list(side.levels)[-1], quantity)]
    scene.depth(bids=change if is_bid else (), asks=() if is_bid else change)


_ACTIONS: Final[dict[str, Callable[..., None]]] = {
    "limit": _limit,
    "market": _market,
    "stop": _stop,
    "cancel": _cancel,
    "modify": _modify,
    "trade": lambda scene, price, quantity, sells: scene.trade(price, quantity, seller_takes=sells),
    "book": _book,
    "depth": _depth,
    "mark": lambda scene, price: scene.mark(price),
    "funding": lambda scene, rate: scene.funding(rate),
    "adl": lambda scene: scene.account.auto_deleverage(BTC, scene.tick()),
}


def a_scene(margin_type: MarginType) -> Scene:
    return Scene(AccountSettings(Decimal(20_000), leverage=20, margin_type=margin_type))


@pytest.mark.parametrize("margin_type", MarginType)
@given(st.lists(_STEP, min_size=1, max_size=30))
def test_the_books_of_an_account_always_balance(
    margin_type: MarginType, steps: list[tuple[Any, ...]]
) -> None:
    scene = a_scene(margin_type)
    store = scene.account.store
    position = scene.account.position(BTC)
    for what in steps:
        step(scene, *what)
        assert scene.balance == Decimal(20_000) + sum(one.amount_usd for one in store.wallet.incomes)
        assert scene.amount == sum(trade.side.sign * trade.quantity for trade in store.trades)
        assert (position.cost_usd == 0) == (position.amount == 0)
        assert bool(position.isolated_wallet_usd) <= bool(position.amount and position.is_isolated)
        for order in store.orders.values():
            own = [trade for trade in store.trades if trade.order_id == order.order_id]
            assert order.filled == sum(trade.quantity for trade in own) <= order.quantity
            assert order.filled_usd == sum(trade.quote_usd for trade in own)
        resting = scene.account.open_orders()
        assert resting == [order for order in store.orders.values() if order.is_open]
        assert scene.awake == ({BTC} if store.of(BTC).has_stake else set())


@pytest.mark.parametrize("margin_type", MarginType)
@given(st.lists(_STEP, min_size=1, max_size=30))
def test_a_reduce_only_order_never_grows_or_turns_a_position(
    margin_type: MarginType, steps: list[tuple[Any, ...]]
) -> None:
    scene = a_scene(margin_type)
    for what in steps:
        step(scene, *what)
    held = Decimal(0)
    for trade in scene.account.store.trades:
        before, held = held, held + trade.side.sign * trade.quantity
        if scene.account.store.orders[trade.order_id].reduce_only:
            assert abs(held) < abs(before)
            assert held * before >= 0


@given(st.lists(_STEP, min_size=1, max_size=30))
def test_no_more_is_filled_than_is_traded_and_than_the_book_holds(steps: list[tuple[Any, ...]]) -> None:
    scene = a_scene(MarginType.CROSSED)
    taken: dict[tuple[OrderSide, Decimal], Decimal] = defaultdict(Decimal)
    for what in steps:
        seen = len(scene.account.store.trades)
        if what[0] in {"book", "depth"}:
            taken.clear()
        step(scene, *what)
        fills = scene.account.store.trades[seen:]
        book = scene.book(BTC)
        assert book is not None
        makers = [trade.quantity for trade in fills if trade.is_maker]
        if what[0] == "trade":
            assert sum(makers) <= Decimal(what[2])
        elif what[0] == "book":
            assert sum(makers) <= sum(map(Decimal, what[2]))
        else:
            assert not makers
        for trade in fills:
            if (
                not trade.is_maker
                and scene.account.store.orders[trade.order_id].type is not OrderType.LIQUIDATION
            ):
                taken[trade.side, trade.price] += trade.quantity
        for (side, price), quantity in taken.items():
            levels = (book.asks if side is OrderSide.BUY else book.bids).levels
            assert quantity <= Decimal(levels[f"{price:.1f}"])


@given(st.lists(_STEP, min_size=1, max_size=30))
def test_the_stream_alone_tells_what_the_account_has(steps: list[tuple[Any, ...]]) -> None:
    scene = a_scene(MarginType.ISOLATED)
    for what in steps:
        step(scene, *what)
    times = [event.event_ms for event in scene.events]
    assert times == sorted(times)
    assert not times or times[0] > START_MS
    filled: dict[int, Decimal] = defaultdict(Decimal)
    last: dict[int, tuple[str, str]] = {}
    balance, amount = "20000.00000000", "0"
    for event in scene.events:
        if isinstance(event, OrderTradeUpdate):
            filled[event.order.order_id] += Decimal(event.order.last_quantity)
            last[event.order.order_id] = (event.order.status, event.order.filled)
        elif isinstance(event, AccountUpdate):
            balance = event.account.balances[0].wallet_balance
            amount = next((one.amount for one in event.account.positions), amount)
    assert (Decimal(balance), Decimal(amount)) == (scene.balance, scene.amount)
    for order in scene.account.store.orders.values():
        assert filled[order.order_id] == order.filled
        assert last[order.order_id] == (order.status, format(order.filled, "f"))
