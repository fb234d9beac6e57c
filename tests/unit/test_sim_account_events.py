"""What the user stream and REST say of an account of the simulated exchange, field by field."""

from decimal import Decimal
from typing import Any

import msgspec

from hydra.sim.exchange.account.answers import income_row, order_receipt, order_row, trade_row
from hydra.sim.exchange.account.requests import OrderChange, OrderKey, OrderRequest, Span
from hydra.sim.exchange.account.words import MarginType, OrderSide, OrderType, TimeInForce
from tests.support.account_scene import BTC, START_MS, Scene


def frames(scene: Scene) -> list[dict[str, Any]]:
    """The events as the stream sends them."""
    return [msgspec.json.decode(msgspec.json.encode(event)) for event in scene.events]


def test_a_market_order_is_told_as_new_then_the_account_then_the_trade() -> None:
    scene = Scene()
    order = scene.buy("0.1", client_id="h1")
    new, account, trade = frames(scene)
    time = order.created_ms
    assert new == {
        "e": "ORDER_TRADE_UPDATE",
        "E": time,
        "T": time,
        "o": {
            "s": BTC,
            "c": "h1",
            "S": "BUY",
            "o": "MARKET",
            "f": "GTC",
            "q": "0.100",
            "p": "0",
            "ap": "0.0000000000",
            "sp": "0",
            "x": "NEW",
            "X": "NEW",
            "i": order.order_id,
            "l": "0",
            "z": "0.000",
            "L": "0",
            "N": "USDT",
            "n": "0",
            "T": time,
            "t": 0,
            "b": "0.00000000",
            "a": "0.00000000",
            "m": False,
            "R": False,
            "wt": "CONTRACT_PRICE",
            "ot": "MARKET",
            "ps": "BOTH",
            "cp": False,
            "rp": "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": "EXPIRE_MAKER",
            "pm": "NONE",
            "gtd": 0,
            "er": "0",
        },
    }
    assert account == {
        "e": "ACCOUNT_UPDATE",
        "E": time,
        "T": time,
        "a": {
            "m": "ORDER",
            "B": [{"a": "USDT", "wb": "4997.49999500", "cw": "4497.49899500", "bc": "0"}],
            "P": [
                {
                    "s": BTC,
                    "pa": "0.100",
                    "ep": "50000.1000000000",
                    "bep": "50025.1000500000",
                    "cr": "0",
                    "up": "-0.01000000",
                    "mt": "isolated",
                    "iw": "500.00100000",
                    "ps": "BOTH",
                }
            ],
        },
    }
    told = {**new["o"], "ap": "50000.1000000000", "x": "TRADE", "X": "FILLED", "l": "0.100", "z": "0.100"}
    trade_id = scene.account.store.trades[0].trade_id
    assert trade["o"] == {**told, "L": "50000.1", "n": "2.50000500", "t": trade_id, "rp": "0"}


def test_a_maker_fill_carries_its_profit_and_an_end_its_reason() -> None:
    scene = Scene()
    scene.buy("0.1")
    scene.sell("0.1", "50010.0", reduce_only=True)
    scene.trade("50011.0", "5.000", seller_takes=False)
    fill = frames(scene)[-1]["o"]
    assert (fill["m"], fill["R"], fill["rp"], fill["n"]) == (True, True, "0.99000000", "1.00020000")
    scene.buy("0.050", "50000.0", lasts=TimeInForce.IOC)
    end = frames(scene)[-1]["o"]
    assert (end["x"], end["X"], end["er"], end["l"]) == ("EXPIRED", "EXPIRED", "2", "0")


def test_resting_orders_are_told_with_the_value_of_each_side() -> None:
    scene = Scene()
    order = scene.buy("0.100", "49000.0")
    scene.sell("0.100", "51000.0")
    change = OrderChange(OrderKey(BTC, order.order_id), OrderSide.BUY, Decimal("0.050"))
    scene.account.modify(change, scene.tick())
    scene.cancel(order)
    amended, cancelled = (frame["o"] for frame in frames(scene)[-2:])
    assert (amended["x"], amended["X"], amended["q"], amended["b"], amended["a"]) == (
        "AMENDMENT",
        "NEW",
        "0.050",
        "2450.00000000",
        "5100.00000000",
    )
    assert (cancelled["x"], cancelled["X"], cancelled["b"]) == ("CANCELED", "CANCELED", "0.00000000")


def test_a_conditional_order_is_told_with_every_field() -> None:
    scene = Scene()
    scene.mark("48000")
    order = scene.stop(OrderSide.SELL, "49000.0", OrderType.TAKE_PROFIT, "0.1", "49001.0", client_id="t")
    assert frames(scene)[-1] == {
        "e": "ALGO_UPDATE",
        "E": order.created_ms,
        "T": order.created_ms,
        "o": {
            "caid": "t",
            "aid": order.algo_id,
            "at": "CONDITIONAL",
            "o": "TAKE_PROFIT",
            "s": BTC,
            "S": "SELL",
            "ps": "BOTH",
            "f": "GTC",
            "q": "0.100",
            "X": "NEW",
            "ai": "",
            "ap": "0",
            "aq": "0",
            "act": "0",
            "tp": "49000.0",
            "p": "49001.0",
            "V": "EXPIRE_MAKER",
            "wt": "MARK_PRICE",
            "pm": "NONE",
            "cp": False,
            "pP": False,
            "R": False,
            "tt": 0,
            "gtd": 0,
            "rm": "",
            "ia": False,
        },
    }


def test_settings_and_funding_are_told() -> None:
    scene = Scene()
    scene.account.set_leverage(BTC, 20, scene.tick())
    scene.account.set_leverage(BTC, 20, scene.tick())
    scene.account.set_margin_type(BTC, MarginType.CROSSED, scene.tick())
    scene.account.set_margin_type(BTC, MarginType.ISOLATED, scene.tick())
    leverage, crossed, isolated = frames(scene)
    assert leverage == {
        "e": "ACCOUNT_CONFIG_UPDATE",
        "E": leverage["T"],
        "T": leverage["T"],
        "ac": {"s": BTC, "l": 20},
    }
    assert [frame["a"]["m"] for frame in (crossed, isolated)] == ["MARGIN_TYPE_CHANGE"] * 2
    assert [frame["a"]["P"][0]["mt"] for frame in (crossed, isolated)] == ["cross", "isolated"]
    scene.buy("0.1")
    scene.funding("0.0001")
    funding = frames(scene)[-1]["a"]
    assert (funding["m"], funding["S"], funding["B"][0]["bc"]) == ("FUNDING_FEE", BTC, "-0.50000000")
    assert funding["P"][0]["iw"] == "249.50050000"


def test_funding_of_a_cross_position_names_the_balance_only() -> None:
    scene = Scene()
    scene.account.set_margin_type(BTC, MarginType.CROSSED, scene.tick())
    scene.buy("0.1")
    scene.funding("0.0001")
    assert frames(scene)[-1]["a"]["P"] == []


def test_a_margin_call_names_the_cross_wallet_for_cross_positions_only() -> None:
    scene = Scene()
    scene.buy("0.1")
    scene.mark("45200")
    call = frames(scene)[-1]
    assert (call["e"], set(call), call["p"][0]["mt"]) == ("MARGIN_CALL", {"e", "E", "p"}, "ISOLATED")
    assert set(call["p"][0]) == {"s", "ps", "pa", "mt", "iw", "mp", "up", "mm"}


def test_an_order_is_answered_without_price_and_value_of_its_fills_and_asked_for_with_them() -> None:
    scene = Scene()
    order = scene.buy("0.1")
    receipt, row = order_receipt(order), order_row(order)
    assert (receipt["status"], receipt["executedQty"], receipt["cumQty"]) == ("FILLED", "0.100", "0.100")
    assert not {"avgPrice", "cumQuote", "time"} & set(receipt)
    assert (row["avgPrice"], row["cumQuote"], row["time"]) == (
        "50000.1000000000",
        "5000.0100",
        order.created_ms,
    )


def test_trades_and_income_are_rows() -> None:
    scene = Scene()
    order = scene.buy("0.1")
    trade = scene.account.trades(BTC, Span(), order.order_id)[0]
    assert trade_row(trade) == {
        "symbol": BTC,
        "id": trade.trade_id,
        "orderId": order.order_id,
        "side": "BUY",
        "price": "50000.1",
        "qty": "0.100",
        "realizedPnl": "0",
        "quoteQty": "5000.0100",
        "commission": "2.50000500",
        "commissionAsset": "USDT",
        "marginAsset": "USDT",
        "pair": BTC,
        "time": order.updated_ms,
        "positionSide": "BOTH",
        "buyer": True,
        "maker": False,
    }
    income = scene.account.incomes(BTC, "COMMISSION", Span())[0]
    assert income_row(income) == {
        "symbol": BTC,
        "incomeType": "COMMISSION",
        "income": "-2.50000500",
        "asset": "USDT",
        "info": "",
        "time": order.updated_ms,
        "tranId": income.transaction_id,
        "tradeId": str(trade.trade_id),
    }
    assert scene.account.trades("ETHUSDT", Span()) == []


def test_no_event_is_older_than_the_one_before_it() -> None:
    scene = Scene()
    scene.buy("0.100", "49999.0")
    # A request comes between the second's trade and its sending.
    scene.account.place(limit_at("48000.0"), scene.now_ms + 900)
    scene.now_ms -= 500
    scene.trade("49990.0", "9.000", seller_takes=True)
    times = [event.event_ms for event in scene.events]
    assert times == sorted(times)
    assert [event.event_ms - START_MS for event in scene.events][-1] == 2_900


def limit_at(price: str) -> OrderRequest:
    return OrderRequest(BTC, OrderSide.BUY, OrderType.LIMIT, Decimal("0.1"), Decimal(price))
