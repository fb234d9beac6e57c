"""Frames of Binance's user stream: samples beside the parsers, the simulated exchange's own, and damage."""

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.domain import OrderState, OrderType
from hydra.errors import BadDataError
from hydra.exchange.account import (
    AccountEvent,
    AccountUpdate,
    BalanceSeen,
    OrderSeen,
    OrderUpdate,
    PositionSeen,
    StreamEnded,
    TradeSeen,
)
from hydra.exchange.binance import user_events
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.words import MarginType, OrderSide, TimeInForce
from tests.support.account_scene import BTC, Scene


def sample(parser: Callable[..., Any]) -> bytes:
    """The message in a parser's docstring."""
    found = re.search(r"\{.*\}", inspect.getdoc(parser) or "", re.DOTALL)
    assert found
    return found[0].replace("\n", "").encode()


def instant(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)


def test_a_fill_tells_the_order_and_the_trade() -> None:
    event = user_events.parse(sample(user_events.order_update))
    time = instant(1568879465650)
    assert event == OrderUpdate(
        OrderSeen(
            symbol="BTCUSDT",
            client_order_id="hy-entry-1",
            exchange_order_id=8886774,
            is_conditional=False,
            order_type=OrderType.POST_ONLY,
            state=OrderState.PARTIALLY_FILLED,
            is_buy=False,
            quantity=Decimal("0.003"),
            filled_quantity=Decimal("0.001"),
            average_price=Decimal("9910.5"),
            limit_price=Decimal("9910.5"),
            trigger_price=None,
            reduce_only=False,
            time=time,
        ),
        TradeSeen(
            symbol="BTCUSDT",
            trade_id=1,
            exchange_order_id=8886774,
            client_order_id="hy-entry-1",
            is_buy=False,
            price=Decimal("9910.5"),
            quantity=Decimal("0.001"),
            fee=Decimal("0.00198210"),
            fee_asset="USDT",
            is_maker=True,
            realised_usd=Decimal(0),
            time=time,
        ),
    )


def test_a_triggered_stop_names_its_child_and_is_not_yet_filled() -> None:
    event = user_events.parse(sample(user_events.conditional_update))
    assert isinstance(event, OrderUpdate)
    order = event.order
    assert (order.client_order_id, order.exchange_order_id, order.child_order_id) == (
        "hy-stop-1",
        2148719,
        8886775,
    )
    assert (order.order_type, order.state, order.is_conditional) == (
        OrderType.STOP_MARKET,
        OrderState.OPEN,
        True,
    )
    assert (order.trigger_price, order.limit_price, order.filled_quantity) == (
        Decimal(57_000),
        None,
        Decimal(0),
    )
    assert event.trade is None


def test_money_and_positions_come_signed_and_exact() -> None:
    assert user_events.parse(sample(user_events.account_update)) == AccountUpdate(
        BalanceSeen(Decimal("4999.99801790"), None),
        (PositionSeen("BTCUSDT", Decimal("-0.001"), Decimal("9910.5"), is_isolated=True),),
        "ORDER",
        instant(1564745798938),
    )


def test_the_end_of_the_key_ends_the_stream() -> None:
    assert isinstance(user_events.parse(sample(user_events.expired)), StreamEnded)


@pytest.mark.parametrize(
    "parser", [user_events.order_update, user_events.conditional_update, user_events.account_update]
)
def test_a_wrapped_event_is_the_same_and_new_fields_are_let_pass(parser: Callable[..., Any]) -> None:
    frame = sample(parser)
    wrapped = b'{"stream":"KEY","data":%b}' % frame
    widened = frame.replace(b'{"e":', b'{"new":[1,{"x":null}],"e":').replace(b'"o":{', b'"o":{"zz":1.5,')
    assert user_events.parse(wrapped) == user_events.parse(widened) == user_events.parse(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"result":["KEY"],"id":1}',
        b'{"error":{"code":2,"msg":"Invalid"},"id":1}',
        b'{"e":"TRADE_LITE","E":1,"s":"BTCUSDT","q":"0.001"}',
        b'{"e":"MARGIN_CALL","E":1,"cw":"3.1","p":[]}',
        b'{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":1,"ac":{"s":"BTCUSDT","l":25}}',
    ],
)
def test_what_says_nothing_to_hydra_is_none(frame: bytes) -> None:
    assert user_events.parse(frame) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"q":"0.003"', b'"q":"NaN"', "quantity is no amount"),
        (b'"q":"0.003"', b'"q":"1e99"', "quantity is no amount"),
        (b'"q":"0.003",', b"", "`q`"),
        (b'"S":"SELL"', b'"S":"HOLD"', "HOLD"),
        (b'"X":"PARTIALLY_FILLED"', b'"X":"MELTED"', "MELTED is not known"),
        (b'"i":8886774', b'"i":-1', "`int` >= 0"),
        (b'"T":1568879465650,"t"', b'"T":9e99,"t"', r"o\.T"),
        (b'{"e":', b'{"E":', "neither an event nor an answer"),
    ],
)
def test_damage_is_told_with_what_is_wrong(old: bytes, new: bytes, words: str) -> None:
    frame = sample(user_events.order_update)
    assert old in frame
    with pytest.raises(BadDataError, match=words):
        user_events.parse(frame.replace(old, new))


@given(st.binary(max_size=80) | st.sampled_from([b"[]", b"1", b"null", b'{"e":5}', b'{"e":"ALGO_UPDATE"}']))
def test_no_bytes_bring_anything_but_none_or_bad_data(frame: bytes) -> None:
    try:
        event, words = user_events.parse(frame), ""
    except BadDataError as error:
        event, words = None, str(error)
    assert event is None
    assert words.isprintable()


def test_a_fee_that_is_not_told_is_none_and_a_fill_without_an_id_is_left_to_the_list() -> None:
    frame = sample(user_events.order_update)
    free = user_events.parse(frame.replace(b'"n":"0.00198210","N":"USDT"', b'"n":null,"N":null'))
    assert isinstance(free, OrderUpdate)
    assert free.trade is not None
    assert (free.trade.fee, free.trade.fee_asset) == (Decimal(0), "USDT")
    unnamed = user_events.parse(frame.replace(b'"t":1,', b'"t":0,'))
    assert isinstance(unnamed, OrderUpdate)
    assert (unnamed.trade, unnamed.order.filled_quantity) == (None, Decimal("0.001"))


@pytest.mark.parametrize(
    ("code", "words"), [("0", ""), ("4", "reduce-only order of higher priority"), ("77", "reason 77")]
)
def test_an_expired_order_says_why(code: str, words: str) -> None:
    frame = sample(user_events.order_update).replace(b'"er":"0"', b'"er":"%b"' % code.encode())
    event = user_events.parse(frame)
    assert isinstance(event, OrderUpdate)
    assert words in event.order.reason
    assert bool(event.order.reason) == bool(words)


# As the simulated exchange says it.


def heard(scene: Scene) -> list[AccountEvent]:
    """What HYDRA hears of a scene since it was asked last."""
    frames = [msgspec.json.encode(event) for event in scene.events]
    scene.events.clear()
    return [event for frame in frames if (event := user_events.parse(frame)) is not None]


def orders(events: list[AccountEvent]) -> list[OrderSeen]:
    return [event.order for event in events if isinstance(event, OrderUpdate)]


def test_every_fill_of_the_simulated_account_is_heard_exactly() -> None:
    scene = Scene(AccountSettings(Decimal(50_000), leverage=10, margin_type=MarginType.ISOLATED))
    order = scene.buy("1.500", client_id="hy-entry-1")
    events = heard(scene)
    told = [event.trade for event in events if isinstance(event, OrderUpdate) and event.trade]
    assert [(one.trade_id, one.price, one.quantity, one.fee, one.realised_usd) for one in told] == [
        (one.trade_id, one.price, one.quantity, one.commission_usd, one.realized_usd)
        for one in scene.account.store.trades
    ]
    assert len(told) == 2
    last = orders(events)[-1]
    assert (last.state, last.filled_quantity, last.exchange_order_id) == (
        OrderState.FILLED,
        Decimal("1.500"),
        order.order_id,
    )
    money = [event for event in events if isinstance(event, AccountUpdate)][-1]
    assert money.balance == BalanceSeen(scene.balance, None)
    assert [(one.symbol, one.quantity) for one in money.positions] == [(BTC, scene.amount)]


def test_every_state_of_a_stop_is_heard() -> None:
    scene = Scene()
    scene.buy("0.100")
    scene.stop(OrderSide.SELL, "49000", quantity="0.100", reduce_only=True, client_id="hy-stop-1")
    cancelled = scene.stop(OrderSide.SELL, "48000", quantity="0.100", reduce_only=True)
    scene.account.cancel_all_conditional("ETHUSDT", scene.tick())
    heard(scene)
    scene.mark("48990")
    told = [(one.is_conditional, one.state) for one in orders(heard(scene))]
    assert told == [
        (True, OrderState.OPEN),  # TRIGGERING
        (True, OrderState.OPEN),  # TRIGGERED
        (False, OrderState.OPEN),
        (False, OrderState.FILLED),
        (True, OrderState.FILLED),  # FINISHED
    ]
    assert scene.amount == 0
    scene.account.cancel_all_conditional(BTC, scene.tick())
    (gone,) = orders(heard(scene))
    assert (gone.state, gone.exchange_order_id) == (OrderState.CANCELED, cancelled.algo_id)


def test_a_stop_whose_order_is_refused_at_the_trigger_says_why() -> None:
    scene = Scene()
    scene.stop(OrderSide.SELL, "49000", quantity="0.100", reduce_only=True)
    heard(scene)
    scene.mark("48990")
    last = orders(heard(scene))[-1]
    assert (last.state, last.reason) == (OrderState.REJECTED, "ReduceOnly Order is rejected.")


def test_a_stop_that_filled_half_is_not_filled() -> None:
    scene = Scene()
    scene.buy("0.500")
    scene.new_book([("48000.0", "0.200")], [("50000.1", "1.000")])
    scene.stop(OrderSide.SELL, "49000", quantity="0.500", reduce_only=True)
    heard(scene)
    scene.mark("48990")
    last = orders(heard(scene))[-1]
    assert (last.is_conditional, last.state, last.filled_quantity) == (
        True,
        OrderState.EXPIRED,
        Decimal("0.200"),
    )


def test_a_post_only_order_is_known_by_its_time_in_force() -> None:
    scene = Scene()
    scene.buy("0.100", "49000", lasts=TimeInForce.GTX)
    scene.buy("0.100", "49000")
    assert [one.order_type for one in orders(heard(scene))] == [OrderType.POST_ONLY, OrderType.LIMIT]
