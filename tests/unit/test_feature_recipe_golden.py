"""Features of the recipe worked out by hand on tiny markets, and the zero rules."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest

from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at, facts_of, frame

BTC = 1
NOON = START + timedelta(hours=12, seconds=2)


def _bars(rows: list[dict[str, float]]) -> MarketFacts:
    """Minutes of BTC that end at START + 12 h; what a row does not say is 100 (prices) or 1."""
    end = START + timedelta(hours=12)
    usual = {
        "open": 100.0, "high": 100.0, "low": 100.0, "close": 100.0, "volume": 1.0, "quote_volume": 100.0,
        "taker_buy_quote_volume": 50.0,
    }  # fmt: skip
    times = [end - (len(rows) - k) * MINUTE for k in range(len(rows))]
    made = [
        {"instrument_id": BTC, "time": at, "known_at": at + 62 * SECOND, **usual, **row}
        for at, row in zip(times, rows, strict=True)
    ]
    return facts_of(candles_1m=frame("candles_1m", made))


def _value(
    name: str, facts: MarketFacts, moment: datetime = START + timedelta(hours=12, seconds=2)
) -> float | None:
    value: float | None = feature_matrix(facts, decisions_at([moment], (BTC,)), [name])[name][0]
    return value


def test_corwin_schultz_by_hand() -> None:
    # Highs e^0.02, lows 1, the same in every bar: beta = 2*0.02^2 = 0.0008, gamma = 0.0004.
    # alpha = (sqrt(0.0016) - sqrt(0.0008))/(3 - 2*sqrt 2) - sqrt(0.0004/(3 - 2*sqrt 2))
    #       = 0.0117157.../0.1715729 - 0.02/0.4142136 = 0.0682843 - 0.0482843 = 0.02
    # S = 2*(e^0.02 - 1)/(1 + e^0.02) = 2*tanh(0.01) = 0.0199993.
    bars = [{"high": 100 * math.exp(0.02), "low": 100.0}] * 21
    assert _value("spread", _bars(bars)) == pytest.approx(2e4 * math.tanh(0.01), rel=1e-9)
    # Each bar a whole range above the last: gamma outweighs beta, the estimate is negative and counts as 0.
    apart = [{"high": 100 * 1.02 ** (k + 1), "low": 100 * 1.02**k} for k in range(21)]
    assert _value("spread", _bars(apart)) == 0.0


def test_volume_by_hand() -> None:
    steady = [{"volume": 2.0}] * 20
    assert _value("volume_ma_ratio", _bars([*steady, {"volume": 5.0}])) == pytest.approx(2.5)
    assert _value("volume_ma_ratio", _bars([{"volume": 0.0}] * 21)) == 1.0
    assert _value("vol_jump", _bars([*steady, {"volume": 5.0}])) == 0.0
    rising = [{"volume": math.exp(0.1 * k) - 1} for k in range(20)]
    assert _value("volume_trend", _bars(rising)) == pytest.approx(0.1)


def test_a_break_out_by_hand() -> None:
    # Twenty bars between 99 and 101, then one that closes at 104 after opening at 100: range 99..105.
    calm = [{"high": 101.0, "low": 99.0}] * 20
    bars = _bars([*calm, {"high": 105.0, "low": 99.0, "close": 104.0, "volume": 3.0}])
    # True ranges of 14: thirteen of 2 and one of 6: 32/14. Thrust (104 - 101)/(32/14) = 1.3125.
    assert _value("breakout_thrust", bars) == pytest.approx(1.3125)
    # Body 4 of 6, three times the volume, which counts twice at most.
    assert _value("breakout_qual", bars) == pytest.approx(4 / 6)
    # 60 of the thrust (at most 1), 40 of the volume (3 of at most 3).
    assert _value("ignition_score", bars) == pytest.approx(100.0)
    assert _value("breakout_thrust", _bars(calm + calm[:1])) == 0.0
    assert _value("breakout_qual", _bars(calm + calm[:1])) == 0.0


def test_ticks_and_pullback_by_hand() -> None:
    # Twenty changes: twelve rises, four falls, four standstills.
    moves = [1, 1, 1, 0, -1] * 4
    closes = np.cumsum([100, *moves])
    bars = _bars([{"close": c, "high": c + 1.0, "low": c - 1.0} for c in closes.astype(float).tolist()])
    assert _value("uptick", bars) == pytest.approx(12 / 16)
    # Of the last twenty bars the highest high is 110, the lowest low 100 (the close 101 less one): at 108.
    assert _value("pullback", bars) == pytest.approx((110 - 108) / (110 - 100))
    # Taker flow 0 (half of the value), no book: 50*(1 + 0.2*(2*0.75 - 1)/0.7).
    assert _value("micro", bars) == pytest.approx(50 * (1 + 0.1 / 0.7))


ZERO_RULES = {
    "zscore_ret_1": 0.0, "zscore_ret_3": 0.0, "momentum_slope": 0.0, "trend_strength": 0.0, "vol_regime": 1.0,
    "compression": 0.5, "mean_rev": 0.0, "pullback": 0.0, "breakout_thrust": 0.0, "breakout_qual": 0.0,
    "rsi_7": 50.0, "uptick": 0.5, "spread": 0.0, "volume_weighted_price_pressure": 0.0, "leader": None,
    "trend_strength_decay": 0.0, "btc_beta": 1.0, "btc_divergence": 0.0, "wave_trend": 0.0, "cci": 0.0,
    "kurt": None, "bb_position": 0.5, "ema_34": 0.0, "macd_norm": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", ZERO_RULES)
def test_a_market_that_does_not_move_has_the_values_of_the_zero_rules(name: str) -> None:
    assert _value(name, _bars([{}] * 400)) == ZERO_RULES[name]


def _levels(rows: list[tuple[float, float, float, float]], seconds_apart: int = 5) -> MarketFacts:
    """Snapshots (bid, its quantity, ask, its quantity), the last at NOON."""
    made = []
    for k, (bid, bid_quantity, ask, ask_quantity) in enumerate(reversed(rows)):
        at = NOON - k * seconds_apart * SECOND
        made.append(
            {
                "instrument_id": BTC, "time": at, "known_at": at, "best_bid": bid, "best_ask": ask,
                "best_bid_quantity": bid_quantity, "best_ask_quantity": ask_quantity,
                "bid_depth_10_usd": 300.0, "ask_depth_10_usd": 100.0, "near_depth_usd": 50.0,
            }
        )  # fmt: skip
    return facts_of(order_book_levels=frame("order_book_levels", made))


def test_order_flow_by_hand() -> None:
    # Unchanged books give 0: what stood is taken away and put back. Then, against quantities of 10:
    calm = [(100.0, 10.0, 101.0, 10.0)] * 61
    # the bid rises: + the new 4; the ask stays and grows by 2: - 2; together 2, mean quantity below.
    flow = _levels([*calm, (100.5, 4.0, 101.0, 12.0)])
    mean_quantity = (59 * 10 + (4 + 12) / 2) / 60
    assert _value("order_flow_imbalance", flow) == pytest.approx((4 - 2) / mean_quantity)
    # The bid falls away: - the old 10; the ask falls too: - the new 3.
    flow = _levels([*calm, (99.5, 7.0, 100.5, 3.0)])
    mean_quantity = (59 * 10 + (7 + 3) / 2) / 60
    assert _value("order_flow_imbalance", flow) == pytest.approx((-10 - 3) / mean_quantity)
    assert _value("order_flow_imbalance", _levels(calm)) == 0.0


def test_order_flow_needs_five_minutes_of_snapshots_without_long_steps() -> None:
    calm = [(100.0, 10.0, 101.0, 10.0)] * 61
    assert _value("order_flow_imbalance", _levels(calm[:58])) == 0.0
    assert _value("order_flow_imbalance", _levels(calm[:57])) is None
    assert _value("order_flow_imbalance", _levels(calm, seconds_apart=15)) == 0.0
    assert _value("order_flow_imbalance", _levels(calm, seconds_apart=16)) is None


def test_imbalance_of_ten_levels_by_hand_and_its_age() -> None:
    facts = _levels([(100.0, 1.0, 101.0, 1.0)])
    assert _value("orderbook_imbalance", facts) == pytest.approx(0.5)
    assert _value("orderbook_imbalance", facts, NOON + 15 * SECOND) == pytest.approx(0.5)
    assert _value("orderbook_imbalance", facts, NOON + 16 * SECOND) is None


def _trades(rows: list[tuple[float, float, bool]], seconds_apart: float = 1.0) -> MarketFacts:
    """Trades (price, quantity, the taker sold), the last a second before NOON."""
    made = []
    for k, (price, quantity, sold) in enumerate(reversed(rows)):
        at = NOON - timedelta(seconds=1 + k * seconds_apart)
        made.append(
            {
                "instrument_id": BTC, "time": at, "known_at": at, "price": price, "quantity": quantity,
                "buyer_is_maker": sold,
            }
        )  # fmt: skip
    return facts_of(trades=frame("trades", made))


def test_the_tick_rule_takes_the_aggressors_side_of_the_last_hundred_trades() -> None:
    # 70 buys of 2 and 30 sells of 1: (140 - 30)/170; an older sale of 1000 is the 101st.
    rows = [(100.0, 1000.0, True), *[(100.0, 2.0, False)] * 70, *[(100.0, 1.0, True)] * 30]
    assert _value("tick_rule", _trades(rows)) == pytest.approx(110 / 170)
    assert _value("tick_rule", _trades(rows[2:])) is None
    assert _value("tick_rule", _trades(rows, seconds_apart=37)) is None


def test_large_trades_by_hand() -> None:
    # 100,000 bought, 99,900 bought, 300,000 sold: (100,000 - 300,000)/499,900.
    rows = [(100.0, 1000.0, False), (100.0, 999.0, False), (100.0, 3000.0, True)]
    assert _value("large_trade_indicator", _trades(rows)) == pytest.approx(-200_000 / 499_900)
    # Older than five minutes none counts, yet the feed is known to be there; after an hour it is not.
    assert _value("large_trade_indicator", _trades(rows), NOON + 6 * MINUTE) == 0.0
    assert _value("large_trade_indicator", _trades(rows), NOON + 60 * MINUTE) is None


def test_whales_are_measured_on_a_day_of_five_minutes() -> None:
    # A trade of 200,000 every 5 minutes, bought and sold by turns: mean 0, deviation 200,000 (ddof 1).
    rows = [(100.0, 2000.0, k % 2 == 0) for k in range(291)]
    deviation = 200_000 * math.sqrt(288 / 287)
    assert _value("whale_movement", _trades(rows, seconds_apart=300)) == pytest.approx(-200_000 / deviation)
    assert _value("whale_movement", _trades(rows[20:], seconds_apart=300)) is None


def test_fear_and_greed_lives_two_days() -> None:
    published = NOON - timedelta(hours=48)
    row = {"instrument_id": BTC, "time": published, "known_at": published + MINUTE, "value": 20.0}
    facts = facts_of(sentiment=frame("sentiment", [row]))
    assert _value("social_sentiment_score", facts) == pytest.approx(-0.6)
    assert _value("social_sentiment_score", facts, NOON + SECOND) is None


def test_the_clock_of_the_recipe_by_hand() -> None:
    # A Monday, two seconds past noon.
    expected = {
        "tod_fraction": 43_202 / 86_400, "tod_sin": math.sin(2 * math.pi * 43_202 / 86_400), "dow": 0.0,
        "session_asian": 0.0, "session_european": 1.0, "session_us": 0.0,
    }  # fmt: skip
    for name, value in expected.items():
        assert _value(name, facts_of(), NOON) == pytest.approx(value), name
    assert _value("session_us", facts_of(), NOON + timedelta(hours=4)) == 1.0
    assert _value("session_asian", facts_of(), NOON + timedelta(hours=12)) == 1.0
