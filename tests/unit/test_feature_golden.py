"""Values worked out by hand on tiny markets, and the zero rules."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from hydra.features.evaluate import feature_matrix
from hydra.features.expressions import z_score
from hydra.features.facts import MarketFacts
from tests.support.feature_market import (
    MINUTE,
    SECOND,
    START,
    decisions_at,
    facts_of,
    five_minute_bars,
    frame,
)

NOW = START + timedelta(hours=12, seconds=2)


def _minutes(closes: list[float], end: datetime = NOW - 2 * SECOND) -> pl.DataFrame:
    """Bars that end at `end`; open = close, high 1 above, low 1 below."""
    rows = []
    for k, close in enumerate(reversed(closes), start=1):
        at = end - k * MINUTE
        rows.append(
            {
                "instrument_id": 1, "time": at, "known_at": at + 62 * SECOND, "open": close,
                "high": close + 1, "low": close - 1, "close": close, "volume": 2.0, "quote_volume": 2 * close,
                "taker_buy_quote_volume": 1.5 * close,
            }
        )  # fmt: skip
    return frame("candles_1m", rows)


def _value(name: str, facts: MarketFacts, moment: datetime = NOW) -> float | None:
    value: float | None = feature_matrix(facts, decisions_at([moment], (1,)), [name])[name][0]
    return value


def _of_closes(name: str, closes: list[float]) -> float | None:
    bars = _minutes(closes)
    return _value(name, facts_of(candles_1m=bars, candles_5m=five_minute_bars(bars)))


def test_returns_by_hand() -> None:
    # 100 -> 110: a tenth.
    assert _of_closes("return_1m", [100, 110]) == pytest.approx(0.1)
    assert _of_closes("return_5m", [100, 1, 2, 3, 4, 105]) == pytest.approx(0.05)


def test_volatility_5m_by_hand() -> None:
    # Three returns of +10%, two of -10%: mean 0.02, squares 3*0.0064 + 2*0.0144 = 0.048, /4 = 0.012.
    closes = [100.0]
    for change in (0.1, -0.1, 0.1, -0.1, 0.1):
        closes.append(closes[-1] * (1 + change))
    assert _of_closes("volatility_5m", closes) == pytest.approx(math.sqrt(0.012) * math.sqrt(525_600))


def test_rsi_by_hand_and_its_zero_rules() -> None:
    # Ten gains of 1 and four losses of 2: G/L = 10/8, 100 - 100/2.25 = 55.56.
    moves = [1] * 10 + [-2] * 4
    closes = [100.0 + sum(moves[:k]) for k in range(15)]
    assert _of_closes("rsi_14", closes) == pytest.approx(100 - 100 / 2.25)
    assert _of_closes("rsi_14", [100 + k for k in range(15)]) == 100.0
    assert _of_closes("rsi_14", [100 - k for k in range(15)]) == 0.0
    assert _of_closes("rsi_14", [100.0] * 15) == 50.0


def test_a_flat_market_after_a_wild_one_has_an_rsi_of_exactly_50() -> None:
    wild = [100 + (k * 7919 % 997) / 3 for k in range(400)]
    assert _of_closes("rsi_14", [*wild, *[0.1] * 15]) == 50.0


def test_average_true_range_by_hand() -> None:
    # high - low = 2 in each bar; the last close jumps by 28: its true range is 29; (13*2 + 29)/14 = 55/14.
    closes = [100.0] * 14 + [128.0]
    assert _of_closes("atr_14_abs", closes) == pytest.approx(55 / 14)
    assert _of_closes("atr_14", closes) == pytest.approx(55 / 14 / 128)


def test_price_against_its_average_by_hand() -> None:
    # Nineteen at 100 and one at 120: the mean is 101.
    assert _of_closes("price_vs_sma_20", [100.0] * 19 + [120.0]) == pytest.approx(120 / 101 - 1)


def test_cci_by_hand_and_its_zero_rule() -> None:
    # The typical price is the close. Mean 101, mean deviation (19*1 + 19)/20 = 1.9: 19/(0.015*1.9).
    assert _of_closes("cci", [100.0] * 19 + [120.0]) == pytest.approx(2000 / 3)
    # Ten at 98, ten at 102: the last stands one mean deviation above.
    assert _of_closes("cci", [98.0] * 10 + [102.0] * 10) == pytest.approx(1 / 0.015)
    assert _of_closes("cci", [100.0] * 20) == 0.0


def test_bollinger_width_by_hand() -> None:
    # Ten bars at 98, ten at 102: std0 = 2, mean 100: 4*2/100.
    assert _of_closes("m5_bollinger_width", [98.0] * 50 + [102.0] * 50) == pytest.approx(0.08)


def test_taker_flow_by_hand() -> None:
    # Three quarters of the value are taker buys: 2*0.75 - 1 = 0.5.
    assert _of_closes("m5_cvd_momentum", [100.0] * 60) == pytest.approx(0.5)


def test_volume_without_a_change_has_a_zscore_of_zero() -> None:
    assert _of_closes("m5_volume_zscore", [100.0] * 289 * 5) == 0.0


def test_a_deviation_of_a_trillionth_of_the_mean_is_no_variance() -> None:
    # C113. The value lies one above the mean 100: 0 at a deviation of 1e-10, a score just beyond it.
    frame = pl.DataFrame({"deviation": [1e-10, 1.1e-10, 0.5]})
    scores = frame.select(z_score(pl.lit(101.0), pl.lit(100.0), pl.col("deviation"))).to_series()
    assert scores.to_list() == pytest.approx([0.0, 1 / 1.1e-10, 2.0])


def test_missing_quote_volume_is_volume_at_the_typical_price() -> None:
    bars = _minutes([100.0] * 288 * 5 + [100.0, 100.0, 100.0, 100.0, 103.0])
    blank = pl.lit(None, pl.Float64).alias("quote_volume")
    fives = five_minute_bars(bars).with_columns(blank)
    # All but the last bar are worth 10*100 each: no variance, so the rule Z=0 and not null.
    assert _value("m5_volume_zscore", facts_of(candles_1m=bars, candles_5m=fives)) == 0.0
    flow = fives.with_columns(pl.lit(None, pl.Float64).alias("taker_buy_quote_volume"))
    assert _value("m5_cvd_momentum", facts_of(candles_1m=bars, candles_5m=flow)) is None


def _funding(rates: list[float], hours: int, newest: datetime) -> MarketFacts:
    step = timedelta(hours=hours)
    rows = [
        {
            "instrument_id": 1, "time": newest - k * step, "known_at": newest - k * step + 5 * SECOND,
            "rate": rate, "interval_hours": hours,
        }
        for k, rate in enumerate(reversed(rates))
    ]  # fmt: skip
    return facts_of(funding_rates=frame("funding_rates", rows))


def test_funding_by_hand() -> None:
    four_hourly = _funding([0.0001, 0.0002, 0.0003, 0.0005], 4, START + timedelta(hours=12))
    moment = START + timedelta(hours=12, seconds=5)
    # 0.0005 per 4 h: 0.001 per 8 h, 0.0005 * 6 * 365 a year; three settlements ago 0.0002 per 8 h.
    assert _value("funding_rate", four_hourly, moment) == pytest.approx(0.001)
    assert _value("funding_annualized", four_hourly, moment) == pytest.approx(1.095)
    assert _value("funding_momentum", four_hourly, moment) == pytest.approx(0.0008)
    assert _value("funding_rate_zscore", four_hourly, moment) is None
    assert _value("minutes_to_funding", four_hourly, moment) == pytest.approx(240 - 5 / 60)
    # A second earlier the last settlement is not known yet.
    assert _value("funding_rate", four_hourly, moment - SECOND) == pytest.approx(0.0006)


def test_funding_older_than_two_intervals_is_null() -> None:
    facts = _funding([0.0001] * 40, 8, START)
    assert _value("funding_rate", facts, START + timedelta(hours=16)) == pytest.approx(0.0001)
    assert _value("funding_rate", facts, START + timedelta(hours=16, seconds=1)) is None
    assert _value("funding_rate_zscore", facts, START + timedelta(hours=1)) == 0.0


def test_a_missing_settlement_is_not_bridged_by_counting_rows() -> None:
    facts = _funding([0.0001, 0.0002, 0.0003, 0.0004, 0.0005], 8, START)
    holey = facts.funding_rates.filter(pl.col("rate") != 0.0003)
    assert _value("funding_momentum", facts_of(funding_rates=holey), START + MINUTE) == pytest.approx(0.0003)
    gone = facts.funding_rates.filter(pl.col("rate") != 0.0002)
    assert _value("funding_momentum", facts_of(funding_rates=gone), START + MINUTE) is None


def _liquidations(
    values: list[tuple[str, float]], *, alive: bool = True, seconds_apart: int = 20
) -> MarketFacts:
    rows = []
    for k, (side, value) in enumerate(reversed(values)):
        at = NOW - (k * seconds_apart + 3) * SECOND
        rows.append(
            {"instrument_id": 1, "time": at, "known_at": at + SECOND, "side": side, "value_usd": value}
        )
    beat_at = NOW - (60 if alive else 61) * SECOND
    interest_at = NOW - 2 * SECOND - 5 * MINUTE
    return facts_of(
        liquidations=frame("liquidations", rows),
        heartbeats=frame(
            "heartbeats",
            [{"instrument_id": 1, "time": beat_at, "known_at": beat_at, "feed": "liquidations"}],
        ),
        open_interest_5m=frame(
            "open_interest_5m",
            [
                {
                    "instrument_id": 1, "time": interest_at, "known_at": interest_at + MINUTE,
                    "contracts": 10.0, "value_usd": 10_000.0,
                }
            ],
        ),
    )  # fmt: skip


def test_liquidations_by_hand() -> None:
    facts = _liquidations([("LONG", 300.0), ("SHORT", 100.0)])
    assert _value("liq_imbalance", facts) == pytest.approx(0.5)
    assert _value("liq_velocity", facts) == pytest.approx(0.04)
    assert _value("cascade_probability", facts) == 0.6
    assert _value("cascade_probability", _liquidations([("LONG", 501.0)])) == 0.9
    assert _value("cascade_probability", _liquidations([("LONG", 200.0)])) == pytest.approx(0.2)


def test_silence_with_a_live_feed_is_zero_and_without_one_null() -> None:
    assert _value("liq_velocity", _liquidations([])) == 0.0
    assert _value("liq_imbalance", _liquidations([])) == 0.0
    assert _value("liq_velocity", _liquidations([("LONG", 1.0)], alive=False)) is None


def test_only_the_last_hundred_liquidations_of_an_hour_count() -> None:
    many = [("SHORT", 1000.0)] * 20 + [("LONG", 1.0)] * 100
    assert _value("liq_velocity", _liquidations(many)) == pytest.approx(0.01)
    # 120 events one minute apart: those of the last 60 minutes.
    assert _value("liq_velocity", _liquidations([("LONG", 1.0)] * 120, seconds_apart=60)) == pytest.approx(
        0.006
    )


@pytest.mark.parametrize(
    ("ended_before", "seconds", "of_hour", "of_five_minutes"),
    [
        pytest.param(1200, 180.0, True, True, id="three minutes of the hour"),
        pytest.param(1200, 181.0, False, True, id="more than 5% of the hour"),
        pytest.param(3601, 900.0, True, True, id="over for an hour"),
        pytest.param(120, 15.0, True, True, id="5% of five minutes"),
        pytest.param(120, 16.0, True, False, id="more than that"),
        pytest.param(-1, 900.0, True, True, id="known later"),
    ],
)
def test_a_gap_of_the_feed_makes_its_windows_unknown_but_not_what_was_heard(
    ended_before: int, seconds: float, of_hour: bool, of_five_minutes: bool
) -> None:
    ended = NOW - ended_before * SECOND
    gap = {"instrument_id": 1, "time": ended, "known_at": ended, "missing_seconds": seconds}
    facts = replace(_day_of_liquidations(), liquidation_gaps=frame("liquidation_gaps", [gap]))
    known = {name: _value(name, facts) is not None for name in ("liq_imbalance", "liq_velocity")}
    assert known == {"liq_imbalance": of_hour, "liq_velocity": of_hour}
    assert (_value("cascade_probability", facts) is not None) == of_hour
    assert (_value("liq_zscore", facts) is not None) == of_five_minutes
    assert _value("known_liq_velocity", facts) == _value("known_liq_velocity", _day_of_liquidations())


def _day_of_liquidations() -> MarketFacts:
    """A day of heartbeats and some forced orders, so that every feature of them is known."""
    few = _liquidations([("LONG", 300.0), ("SHORT", 100.0)])
    beats = [
        {"instrument_id": 1, "time": at, "known_at": at, "feed": "liquidations"}
        for at in (NOW - k * MINUTE - 10 * SECOND for k in range(1520, -1, -1))
    ]
    return replace(few, heartbeats=frame("heartbeats", beats))


def _book(bid: float, ask: float, age_seconds: int) -> MarketFacts:
    at = NOW - age_seconds * SECOND
    row = {
        "instrument_id": 1, "time": at, "known_at": at, "best_bid": bid, "best_ask": ask,
        "bid_depth_usd": 300.0, "ask_depth_usd": 100.0,
    }  # fmt: skip
    return facts_of(order_book_tops=frame("order_book_tops", [row]))


def test_the_order_book_by_hand() -> None:
    # Spread 0.1 around 100.05.
    assert _value("spread_bps", _book(100.0, 100.1, 15)) == pytest.approx(0.1 / 100.05 * 10_000)
    assert _value("ob_imbalance", _book(100.0, 100.1, 15)) == pytest.approx(0.5)
    assert _value("spread_bps", _book(100.0, 100.1, 16)) is None
    assert _value("ob_imbalance", _book(100.1, 100.0, 1)) is None


def test_the_clock_by_hand() -> None:
    # START is a Monday; 12:00 is half a day.
    assert _value("hour_of_day_sin", facts_of()) == pytest.approx(0.0, abs=1e-12)
    assert _value("hour_of_day_cos", facts_of()) == -1.0
    assert _value("day_of_week_sin", facts_of()) == 0.0
    assert _value("day_of_week_cos", facts_of()) == 1.0
    assert _value("minutes_to_funding", facts_of()) == pytest.approx(240 - 2 / 60)


def test_realized_volatility_and_the_expected_range_by_hand() -> None:
    # Five-minute closes 100, 101, 100, ...: returns +0.01 and -1/101 by turns, std0 = (0.01 + 1/101)/2.
    closes = [100.0 + (k // 5) % 2 for k in range(13 * 5)]
    volatility = (0.01 + 1 / 101) / 2 * math.sqrt(105_120)
    assert _of_closes("realized_volatility", closes) == pytest.approx(volatility)
    low = 100 * (1 - 1.645 * volatility * math.sqrt(1 / 8760))
    assert _of_closes("expected_range_1h_low", closes) == pytest.approx(low)
    assert _of_closes("volatility_percentile", closes) is None
