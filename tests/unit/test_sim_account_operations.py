"""Parameters of signed requests, counts of orders, and which orders a fault concerns."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.sim.exchange.account.words import OrderSide
from hydra.sim.exchange.books import Book, side_of
from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.faults import FaultKind
from hydra.sim.exchange.private.fields import Fields
from hydra.sim.exchange.private.market_seen import with_best, with_offer
from hydra.sim.exchange.private.operations import OPERATIONS
from hydra.sim.exchange.private.order_counts import OrderCounts
from hydra.sim.exchange.private.order_faults import may_be_refused, shown_book
from hydra.sim.exchange.private.order_operations import cancel_batch, place_batch
from hydra.sim.exchange.refusals import Refusal
from tests.support.account_scene import Scene

PLACES = {"BTCUSDT": 0}
BOOK = Book(0, side_of([99.0, 98.0], [1.0, 2.0], -1, (1, 3)), side_of([101.0, 102.0], [1.0, 2.0], 1, (1, 3)))
STEP = Decimal("0.001")


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> int:
    body = refused.value.body
    assert not isinstance(body, str)
    return int(body["code"])


@pytest.mark.parametrize("text", ["-1", "1e5", "+1", "0x1", "NaN", "1.", ".5", "1,5", "٣", "9" * 21])
def test_only_plain_decimals_are_numbers(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        Fields({"quantity": text}, PLACES).number("quantity")
    assert code_of(refused) == -1100


@given(st.decimals(min_value=0, max_value=10**9, places=8))
def test_a_number_is_read_exactly(number: Decimal) -> None:
    assert Fields({"price": f"{number:f}"}, PLACES).number("price") == number


def test_an_unknown_parameter_of_a_change_is_refused_with_the_counts() -> None:
    fields = Fields({"symbol": "BTCUSDT", "stopLoss": "1", "timestamp": "1", "recvWindow": "1"}, PLACES)
    with pytest.raises(Refusal) as refused:
        fields.refuse_unread(frozenset({"symbol"}))
    assert code_of(refused) == -1104
    assert "read '3' parameter(s) but was sent '4'" in str(refused.value.body)


def test_a_range_of_more_than_a_week_is_refused() -> None:
    week = {"startTime": "0", "endTime": str(7 * 86_400_000)}
    assert Fields(week, PLACES).week("fromId").end_ms == 7 * 86_400_000
    with pytest.raises(Refusal) as refused:
        Fields(week | {"endTime": str(7 * 86_400_000 + 1)}, PLACES).week("fromId")
    assert code_of(refused) == -4165


def test_an_order_of_a_batch_is_read_as_if_it_had_come_alone() -> None:
    one = Fields({}, PLACES).inside({"symbol": "BTCUSDT", "reduceOnly": True, "quantity": 0.5})
    assert (one.symbol(), one.flag("reduceOnly"), one.number("quantity")) == ("BTCUSDT", True, Decimal("0.5"))


def test_a_batch_answers_each_with_its_order_or_refusal() -> None:
    scene = Scene()
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "49000.0"}
    orders = json.dumps([{**good, "quantity": "0.1"}, {**good, "quantity": "0"}])
    placed = place_batch(scene.account, Fields({"batchOrders": orders}, PLACES), scene.tick())
    (order,) = scene.account.open_orders()
    assert placed[0]["orderId"] == order.order_id
    assert placed[1]["code"] == -4003
    ids = {"symbol": "BTCUSDT", "orderIdList": f"[{order.order_id}, 1]"}
    cancelled = cancel_batch(scene.account, Fields(ids, PLACES), scene.tick())
    assert (cancelled[0]["status"], cancelled[1]["code"]) == ("CANCELED", -2011)


def test_300_orders_in_ten_seconds_and_1200_in_a_minute_are_taken() -> None:
    class Wall:
        seconds = 0.0

        def __call__(self) -> float:
            return self.seconds

    wall = Wall()
    clock = SimulatedClock(0, 1.0, None, wall)
    counts = OrderCounts(clock)
    for ten in range(5):
        wall.seconds = ten * 10.0
        if ten < 4:
            for _ in range(300):
                counts.take(1)
        with pytest.raises(Refusal) as refused:
            counts.take(1)
        assert (refused.value.status, code_of(refused)) == (429, -1015)
        assert refused.value.headers["Retry-After"] == ("10" if ten < 4 else "20")
    wall.seconds = 60.0
    counts.take(5)
    assert counts.headers() == {"X-MBX-ORDER-COUNT-10S": "5", "X-MBX-ORDER-COUNT-1M": "5"}


def test_weights_and_counts_are_those_of_the_exchange() -> None:
    told = {name: (one.weight, one.weight_of_all, one.orders) for name, one in OPERATIONS.items()}
    assert told["POST /fapi/v1/order"] == (0, None, 1)
    assert told["POST /fapi/v1/algoOrder"] == (0, None, 1)
    assert told["GET /fapi/v1/openOrders"] == (1, 40, 0)
    assert told["GET /fapi/v1/income"] == (30, None, 0)
    assert told["GET /fapi/v1/positionSide/dual"] == (30, None, 0)
    assert told["GET /fapi/v1/accountConfig"] == (5, None, 0)
    asking = [name for name, one in OPERATIONS.items() if not one.changes]
    assert all(name.startswith("GET") for name in asking)


def test_a_fault_shows_less_of_the_book_to_one_taker() -> None:
    half = with_offer(BOOK, OrderSide.BUY, Decimal("1.5"))
    assert [Decimal(one) for one in half.asks.levels.values()] == [Decimal(1), Decimal("0.5")]
    assert [Decimal(one) for one in half.asks.levels] == [Decimal(101), Decimal(102)]
    assert half.bids == BOOK.bids
    assert not with_offer(BOOK, OrderSide.SELL, Decimal(0)).bids.levels
    assert list(with_best(BOOK, OrderSide.SELL, "100.5").bids.levels) == ["100.5"]


@pytest.mark.parametrize(
    ("kind", "sent", "concerns"),
    [
        (FaultKind.HALF_FILLED, {"type": "MARKET", "quantity": "0.002"}, True),
        (FaultKind.HALF_FILLED, {"type": "MARKET", "quantity": "0.001"}, False),
        (FaultKind.HALF_FILLED, {"type": "MARKET", "quantity": "junk"}, False),
        (FaultKind.EXPIRED, {"type": "MARKET", "quantity": "1"}, True),
        (FaultKind.EXPIRED, {"type": "LIMIT", "timeInForce": "IOC", "price": "1", "quantity": "1"}, True),
        (FaultKind.EXPIRED, {"type": "LIMIT", "timeInForce": "GTX", "price": "1", "quantity": "1"}, True),
        (FaultKind.EXPIRED, {"type": "LIMIT", "timeInForce": "GTX", "price": "x", "quantity": "1"}, False),
        (FaultKind.EXPIRED, {"type": "LIMIT", "timeInForce": "GTC", "price": "1", "quantity": "1"}, False),
    ],
)
def test_a_fault_of_fills_concerns_the_orders_that_it_can_hit(
    kind: FaultKind, sent: dict[str, str], concerns: bool
) -> None:
    assert (shown_book(kind, {"side": "BUY", **sent}, STEP) is not None) is concerns
    assert shown_book(kind, sent, STEP) is None


@pytest.mark.parametrize(
    ("code", "sent", "may"),
    [
        (-2022, {}, False),
        (-2022, {"reduceOnly": "true"}, True),
        (-4118, {"closePosition": "true"}, True),
        (-1008, {}, True),
        (-1008, {"reduceOnly": "true"}, False),
        (-1008, {"closePosition": "true"}, False),
        (-5022, {"timeInForce": "GTC"}, False),
        (-5022, {"timeInForce": "GTX"}, True),
        (-2019, {}, True),
    ],
)
def test_a_code_is_given_only_to_orders_that_can_get_it(code: int, sent: dict[str, str], may: bool) -> None:
    assert may_be_refused(code, sent) is may
