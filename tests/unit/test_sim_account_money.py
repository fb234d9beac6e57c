"""Money of an account of the simulated exchange, in numbers worked out by hand."""

from decimal import Decimal

import pytest

from hydra.sim.exchange.account import margins
from hydra.sim.exchange.account.account_answers import (
    account_v2,
    account_v3,
    balances,
    commission_rate,
    position_risk_v2,
    position_risk_v3,
    symbol_config,
)
from hydra.sim.exchange.account.records import Income
from hydra.sim.exchange.account.requests import Span
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import MarginCall, OrderTradeUpdate
from hydra.sim.exchange.account.words import ExpiryReason, IncomeKind, MarginType, OrderSide, OrderStatus
from tests.support.account_scene import BTC, ETH, Scene

ISOLATED = AccountSettings(leverage=10, margin_type=MarginType.ISOLATED)
CROSSED = AccountSettings(leverage=50, margin_type=MarginType.CROSSED)


def held(settings: AccountSettings, side: OrderSide, quantity: str) -> Scene:
    """A position at 50,000 exactly, opened as maker."""
    scene = Scene(settings)
    scene.new_book([("49990.0", "9.000")], [("50010.0", "9.000")])
    scene.place(side, quantity, "50000.0")
    beyond = "49995.0" if side is OrderSide.BUY else "50005.0"
    scene.trade(beyond, quantity, seller_takes=side is OrderSide.BUY)
    assert scene.amount == side.sign * Decimal(quantity)
    return scene


def incomes(scene: Scene) -> list[tuple[str, str]]:
    return [(one.kind, str(one.amount_usd)) for one in scene.account.store.wallet.incomes]


def test_a_taker_pays_five_hundredths_of_a_percent_and_a_maker_two() -> None:
    scene = Scene()
    scene.buy("0.1")
    # 0.1 x 50,000.1 x 0.0005
    assert incomes(scene) == [("COMMISSION", "-2.50000500")]
    assert scene.balance == Decimal("4997.49999500")
    scene.sell("0.1", "50010.0")
    scene.trade("50011.0", "5.000", seller_takes=False)
    # Profit 0.1 x (50,010 - 50,000.1); fee 0.1 x 50,010 x 0.0002.
    assert incomes(scene)[1:] == [("REALIZED_PNL", "0.99000000"), ("COMMISSION", "-1.00020000")]
    assert scene.balance == Decimal("4997.48979500")


def test_fees_follow_the_tier() -> None:
    scene = Scene(AccountSettings(fee_tier=9))
    scene.buy("0.1")
    assert incomes(scene) == [("COMMISSION", "-0.85000170")]
    assert commission_rate(scene.account, BTC)["takerCommissionRate"] == "0.000170"


def test_an_entry_price_is_the_mean_of_what_was_bought_and_stays_while_it_is_sold() -> None:
    scene = Scene(AccountSettings(start_balance_usd=Decimal(50_000), leverage=10))
    scene.buy("1.500")
    position = scene.account.position(BTC)
    # (1 x 50,000.1 + 0.5 x 50,001) / 1.5
    assert position.entry_price == Decimal("50000.4")
    scene.sell("0.500")
    assert position.entry_price == Decimal("50000.4")
    assert position.realized_usd == Decimal("-0.25000000")


def test_a_larger_order_against_the_position_turns_it_round() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    scene.new_book([("50100.0", "9.000")], [("50110.0", "9.000")])
    scene.sell("0.300")
    position = scene.account.position(BTC)
    assert (position.amount, position.entry_price) == (Decimal("-0.200"), Decimal(50_100))
    assert position.isolated_wallet_usd == Decimal("1002.00000000")
    assert position.realized_usd == Decimal("10.00000000")


def test_an_isolated_position_stands_on_its_value_by_the_leverage() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    assert scene.account.position(BTC).isolated_wallet_usd == 500
    assert margins.cross_wallet(scene.account.store) == Decimal("4499.00000000")
    scene.sell("0.025")
    # A quarter is closed, so a quarter of the margin is free again.
    assert scene.account.position(BTC).isolated_wallet_usd == Decimal("375.00000000")


@pytest.mark.parametrize(
    ("side", "price"), [(OrderSide.BUY, "45180.7228915663"), (OrderSide.SELL, "54780.8764940239")]
)
def test_the_liquidation_price_of_an_isolated_position(side: OrderSide, price: str) -> None:
    # docs/practice.md: 0.1 BTC at 50,000 with 500 USDT and a maintenance rate of 0.4 %.
    scene = held(ISOLATED, side, "0.100")
    assert position_risk_v3(scene.account, BTC)[0]["liquidationPrice"] == price


def test_the_liquidation_price_of_a_cross_position_rests_on_the_whole_wallet() -> None:
    # (4,960 + 50 - 4 x 50,000) / (4 x (0.005 - 1)); 40 USDT went for the fee, 200,000 USDT is bracket 2.
    scene = held(CROSSED, OrderSide.BUY, "4.000")
    assert position_risk_v3(scene.account, BTC)[0]["liquidationPrice"] == "48992.4623115578"


def test_an_isolated_position_is_liquidated_at_its_price_and_loses_its_margin_only() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    resting = scene.buy("0.010", "44000.0")
    stop = scene.stop(OrderSide.SELL, "44000.0")
    scene.new_book([("45180.0", "0.040"), ("45100.0", "0.020"), ("44990.0", "9.000")], [("45190.0", "1.000")])
    scene.events.clear()
    scene.mark("45180.8")
    assert scene.amount == Decimal("0.100")
    assert isinstance(scene.events[0], MarginCall)
    scene.mark("45180.7")
    assert scene.amount == 0
    # 0.04 x 4,820 + 0.02 x 4,900 from the book, 0.04 x 5,000 at the bankruptcy price; 9.2 USDT for the fee.
    assert incomes(scene)[1:] == [
        ("REALIZED_PNL", "-192.80000000"),
        ("REALIZED_PNL", "-98.00000000"),
        ("REALIZED_PNL", "-200.00000000"),
        ("INSURANCE_CLEAR", "-9.20000000"),
    ]
    assert scene.balance == Decimal("4499.00000000")
    assert (resting.status, resting.expiry_reason) == (OrderStatus.EXPIRED, ExpiryReason.LIQUIDATED)
    assert stop.is_open
    forced = [event.order for event in scene.events if isinstance(event, OrderTradeUpdate)][-1]
    assert forced.client_id.startswith("autoclose-")
    assert (forced.type, forced.execution, forced.status) == ("LIQUIDATION", "CALCULATED", "FILLED")


def test_a_mark_beyond_the_bankruptcy_price_costs_no_more_than_the_margin() -> None:
    scene = held(ISOLATED, OrderSide.SELL, "0.100")
    scene.new_book([("69990.0", "9.000")], [("70010.0", "9.000")])
    scene.mark("70000")
    assert scene.amount == 0
    assert scene.balance == Decimal("4499.00000000")


def test_cross_positions_are_liquidated_one_after_the_other_until_the_rest_can_stand() -> None:
    scene = held(CROSSED, OrderSide.BUY, "4.000")
    scene.new_book([("2499.00", "99.000")], [("2500.00", "99.000")], symbol=ETH)
    scene.place(OrderSide.BUY, "1.000", symbol=ETH)
    scene.new_book([("48995.0", "1.000"), ("48990.0", "9.000")], [("49000.0", "9.000")])
    scene.mark("48991")
    assert scene.amount == 0
    assert scene.account.position(ETH).amount == 1
    # 1 x -1,005 from the book, 3 x -1,009 at the mark. Of 5,000 less fees of 40 and 1.25 so 926.75 are left;
    # the liquidation fee, 1.25 % of 195,968, is larger and leaves 2,500 x 0.4 % for the other position.
    assert incomes(scene)[2:] == [
        ("REALIZED_PNL", "-1005.00000000"),
        ("REALIZED_PNL", "-3027.00000000"),
        ("INSURANCE_CLEAR", "-916.75000000"),
    ]
    assert scene.balance == 10


def test_a_cross_wallet_that_a_jump_overdraws_is_made_good() -> None:
    scene = held(CROSSED, OrderSide.BUY, "4.000")
    scene.mark("40000")
    assert incomes(scene)[1:] == [("REALIZED_PNL", "-40.00000000"), ("INSURANCE_CLEAR", "-2499.50000000")]
    scene = held(CROSSED, OrderSide.BUY, "4.000")
    scene.new_book([("39990.0", "9.000")], [("40010.0", "9.000")])
    scene.mark("40000")
    assert incomes(scene)[1:] == [("REALIZED_PNL", "-40000.00000000"), ("INSURANCE_CLEAR", "35040.00000000")]
    assert scene.balance == 0


def test_a_margin_call_comes_once_until_the_position_is_safe_again() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    for mark in ("45200", "45190", "46000", "45200"):
        scene.mark(mark)
    calls = [event for event in scene.events if isinstance(event, MarginCall)]
    assert len(calls) == 2
    called = calls[0].positions[0]
    # 0.1 x 45,200 x 0.4 %
    assert (called.symbol, called.maintenance_margin, called.unrealized) == (
        BTC,
        "18.08000000",
        "-480.00000000",
    )


@pytest.mark.parametrize(
    ("side", "rate", "fee"),
    [
        (OrderSide.BUY, "0.0001", "-0.50000000"),
        (OrderSide.SELL, "0.0001", "0.50000000"),
        (OrderSide.BUY, "-0.0003", "1.50000000"),
    ],
)
def test_funding_is_paid_on_the_value_at_the_mark(side: OrderSide, rate: str, fee: str) -> None:
    scene = held(ISOLATED, side, "0.100")
    scene.funding(rate)
    assert incomes(scene)[-1] == ("FUNDING_FEE", fee)
    assert scene.balance == Decimal("4999.00000000") + Decimal(fee)
    assert scene.account.position(BTC).isolated_wallet_usd == 500 + Decimal(fee)


def test_whoever_is_flat_at_the_settlement_pays_no_funding() -> None:
    scene = Scene()
    scene.buy("0.1", "49999.0")
    scene.funding("0.0100")
    assert incomes(scene) == []


def test_auto_deleveraging_closes_at_the_mark_without_a_fee() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    scene.mark("51000")
    scene.account.auto_deleverage(BTC, scene.tick())
    assert incomes(scene)[1:] == [("REALIZED_PNL", "100.00000000")]
    last = scene.events[-1]
    assert isinstance(last, OrderTradeUpdate)
    assert last.order.client_id == "adl_autoclose"


def test_what_is_free_is_less_margins_of_positions_and_orders() -> None:
    scene = held(AccountSettings(leverage=10), OrderSide.BUY, "0.100")
    scene.buy("0.1", "49000.0")
    scene.sell("0.1", "51000.0")
    scene.mark("50500")
    answer = account_v3(scene.account)
    # Position 0.1 x 50,500 / 10; the buy may add 4,900 / 10, the sell closes.
    assert answer["totalPositionInitialMargin"] == "505.00000000"
    assert answer["totalOpenOrderInitialMargin"] == "490.00000000"
    assert answer["totalWalletBalance"] == "4999.00000000"
    assert answer["totalUnrealizedProfit"] == "50.00000000"
    assert answer["totalMarginBalance"] == "5049.00000000"
    assert answer["totalMaintMargin"] == "20.20000000"
    assert answer["availableBalance"] == "4054.00000000"
    assert balances(scene.account)[0]["availableBalance"] == "4054.00000000"
    assert [row["symbol"] for row in answer["positions"]] == [BTC]
    assert answer["assets"][0]["updateTime"] > 0


def test_a_short_has_a_negative_notional_and_version_2_tells_leverage_and_margin_type() -> None:
    scene = held(ISOLATED, OrderSide.SELL, "0.100")
    scene.mark("49000")
    row = position_risk_v3(scene.account, None)[0]
    assert (row["positionAmt"], row["notional"]) == ("-0.100", "-4900.00000000")
    assert (row["isolatedMargin"], row["isolatedWallet"]) == ("600.00000000", "500.00000000")
    assert (row["unRealizedProfit"], row["initialMargin"]) == ("100.00000000", "490.00000000")
    # Entry 50,000 less the fee of 1 USDT on 0.1.
    assert row["breakEvenPrice"] == "49990.0000000000"
    old = position_risk_v2(scene.account, BTC)[0]
    assert (old["leverage"], old["marginType"]) == ("10", "isolated")
    assert len(position_risk_v2(scene.account, None)) == len(account_v2(scene.account)["positions"]) == 8
    assert symbol_config(scene.account, BTC) == [
        {
            "symbol": BTC,
            "marginType": "ISOLATED",
            "isAutoAddMargin": "false",
            "leverage": 10,
            "maxNotionalValue": "230000000",
        }
    ]


def test_income_is_found_by_kind_symbol_and_time() -> None:
    scene = held(ISOLATED, OrderSide.BUY, "0.100")
    scene.funding("0.0001")
    scene.funding("0.0002")

    def found(kind: str | None = None, symbol: str | None = None, span: Span = Span()) -> list[Income]:  # noqa: B008
        return scene.account.incomes(symbol, kind, span)

    assert [one.amount_usd for one in found("FUNDING_FEE")] == [Decimal("-0.5"), Decimal(-1)]
    assert [one.kind for one in found(span=Span(limit=1))] == [IncomeKind.FUNDING_FEE]
    assert [one.kind for one in found(span=Span(start_ms=0, limit=1))] == [IncomeKind.COMMISSION]
    assert found(symbol=ETH) == []
    assert len(found(span=Span(start_ms=scene.now_ms))) == 1
