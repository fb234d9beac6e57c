"""The recipe against TA-Lib and pandas, and pair against pair."""

from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
import talib
from polars.testing import assert_frame_equal

from hydra.features.evaluate import feature_matrix
from hydra.features.facts import SOURCES, MarketFacts
from hydra.features.for_models.recipe import FeatureRecipe
from hydra.features.universe_numbers import under_universe_numbers
from hydra.features.vectors import FEATURE_RECIPE_V1
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at, facts_of

BTC, ETH, DOGE = 1, 2, 8
DAYS = 34
MINUTES = DAYS * 1440
END = START + timedelta(days=DAYS)
LAST = END + 2 * SECOND


def _candles(pair: int, close: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    at = [START + k * MINUTE for k in range(len(close))]
    before = np.r_[close[0], close[:-1]]
    return pl.DataFrame(
        {
            "instrument_id": np.full(len(close), pair),
            "time": at,
            "known_at": [moment + 62 * SECOND for moment in at],
            "open": before,
            "high": np.maximum(before, close) * (1 + rng.exponential(3e-4, len(close))),
            "low": np.minimum(before, close) * (1 - rng.exponential(3e-4, len(close))),
            "close": close,
            "volume": rng.lognormal(3, 1, len(close)),
            "quote_volume": rng.lognormal(9, 1, len(close)),
            "taker_buy_quote_volume": np.full(len(close), 1.0),
        },
        schema=SOURCES["candles_1m"].columns,
        strict=False,
    )


@pytest.fixture(scope="module")
def candles() -> dict[int, pl.DataFrame]:
    """Three pairs that share a part of their moves."""
    rng = np.random.default_rng(17)
    common = rng.normal(0, 8e-4, MINUTES)
    share = {BTC: 1.0, ETH: 1.3, DOGE: 0.6}
    level = {BTC: 60_000.0, ETH: 2_000.0, DOGE: 0.2}
    return {
        pair: _candles(
            pair, level[pair] * np.exp(np.cumsum(share[pair] * common + rng.normal(0, 4e-4, MINUTES))), rng
        )
        for pair in share
    }


@pytest.fixture(scope="module")
def facts(candles: dict[int, pl.DataFrame]) -> MarketFacts:
    return facts_of(candles_1m=pl.concat(candles.values()))


def _values(facts: MarketFacts, pair: int, name: str, count: int = 300) -> np.ndarray:
    """A feature at the last `count` minutes."""
    moments = [LAST - k * MINUTE for k in range(count - 1, -1, -1)]
    return feature_matrix(facts, decisions_at(moments, (pair,)), [name])[name].to_numpy()


def _pandas(candles: pl.DataFrame) -> pd.DataFrame:
    columns = ("open", "high", "low", "close", "volume", "quote_volume")
    table = pd.DataFrame({name: candles[name].to_numpy() for name in columns})
    table.index = pd.DatetimeIndex(candles["time"].to_numpy())
    return table


def _hours(candles: pl.DataFrame) -> pd.Series:
    return _pandas(candles)["close"].resample("1h").last()


@pytest.mark.parametrize("bars", [5, 8, 21, 34])
def test_exponential_averages_are_those_of_ta_lib(
    bars: int, facts: MarketFacts, candles: dict[int, pl.DataFrame]
) -> None:
    close = candles[DOGE]["close"].to_numpy()
    peer = (talib.EMA(close, bars) / close - 1)[-300:]
    np.testing.assert_allclose(_values(facts, DOGE, f"ema_{bars}"), peer, rtol=1e-9, atol=1e-12)


def test_minute_adx_is_that_of_ta_lib(facts: MarketFacts, candles: dict[int, pl.DataFrame]) -> None:
    high, low, close = (candles[ETH][name].to_numpy() for name in ("high", "low", "close"))
    peer = np.asarray(talib.ADX(high, low, close, timeperiod=14))[-300:]
    np.testing.assert_allclose(_values(facts, ETH, "adx"), peer, rtol=1e-9)


def test_wave_trend_is_made_of_ta_libs_averages(facts: MarketFacts, candles: dict[int, pl.DataFrame]) -> None:
    typical = (
        candles[BTC].select((pl.col("high") + pl.col("low") + pl.col("close")) / 3).to_series().to_numpy()
    )
    average = talib.EMA(typical, 10)
    spread = talib.EMA(np.abs(typical - average)[9:], 10)
    index = (typical - average)[9:] / (0.015 * spread)
    peer = talib.EMA(index[9:], 21)[-300:]
    np.testing.assert_allclose(_values(facts, BTC, "wave_trend"), peer, rtol=1e-7, atol=1e-9)


def test_the_hourly_trend_is_made_of_ta_libs_averages(
    facts: MarketFacts, candles: dict[int, pl.DataFrame]
) -> None:
    closes = _hours(candles[ETH]).to_numpy()
    peer = np.clip((talib.EMA(closes, 20) / talib.EMA(closes, 50) - 1) / 0.02, -1, 1)
    found = _values(facts, ETH, "htf", 121)
    # The last decision stands on a whole hour; in the 59 minutes before nothing changed.
    assert found[-1] == pytest.approx(peer[-1], rel=1e-4)
    assert found[-2] == pytest.approx(peer[-2], rel=1e-4)
    assert found[-61] == found[-2]


def test_kurtosis_is_that_of_pandas(facts: MarketFacts, candles: dict[int, pl.DataFrame]) -> None:
    peer = _pandas(candles[ETH])["close"].pct_change().rolling(60).kurt().to_numpy()[-300:]
    np.testing.assert_allclose(_values(facts, ETH, "kurt"), peer, rtol=1e-6)


def test_beta_is_covariance_over_variance_of_pandas(
    facts: MarketFacts, candles: dict[int, pl.DataFrame]
) -> None:
    own, btc = (_pandas(candles[pair])["close"].pct_change() for pair in (DOGE, BTC))
    peer = (own.rolling(240).cov(btc) / btc.rolling(240).var()).to_numpy()[-300:]
    np.testing.assert_allclose(_values(facts, DOGE, "btc_beta"), peer, rtol=1e-7)
    assert set(_values(facts, BTC, "btc_beta")) == {1.0}
    # DOGE moves with six tenths of what it shares with BTC, which is four fifths of BTC's own variance.
    assert 0.3 < peer[-1] < 0.7


@pytest.mark.parametrize("hours", [24, 168, 720])
@pytest.mark.parametrize(("leader", "name"), [(BTC, "btc"), (ETH, "eth")])
def test_correlations_are_those_of_pandas(
    hours: int, leader: int, name: str, facts: MarketFacts, candles: dict[int, pl.DataFrame]
) -> None:
    own, other = (np.log(_hours(candles[pair])).diff() for pair in (DOGE, leader))
    peer = own.rolling(hours).corr(other).to_numpy()
    found = _values(facts, DOGE, f"corr_{name}_{hours}", 61)
    assert found[-1] == pytest.approx(peer[-1], rel=1e-9)
    assert found[0] == pytest.approx(peer[-2], rel=1e-9)
    assert set(_values(facts, leader, f"corr_{name}_{hours}", 3)) == {1.0}


def test_ranks_are_those_of_pandas(facts: MarketFacts, candles: dict[int, pl.DataFrame]) -> None:
    table = _pandas(candles[DOGE])
    width = table["high"].rolling(20).max() - table["low"].rolling(20).min()
    peer = 1 - width.rolling(100).rank(pct=True, method="max")
    np.testing.assert_allclose(_values(facts, DOGE, "compress_rank"), peer.to_numpy()[-300:], atol=1e-12)
    now = table["quote_volume"].rolling(60).sum().iloc[-1]
    hours = table["quote_volume"].resample("1h").sum().to_numpy()[-720:]
    assert _values(facts, DOGE, "volume_score", 1)[0] == pytest.approx((hours <= now * (1 + 1e-9)).mean())


def test_volatility_classes_are_terciles_of_the_months_hours(
    facts: MarketFacts, candles: dict[int, pl.DataFrame]
) -> None:
    changes = _pandas(candles[ETH])["close"].pct_change()
    month = changes.resample("1h").std().to_numpy()[-720:]
    now = changes.to_numpy()[-60:].std(ddof=1)
    expected = (now > np.quantile(month, [1 / 3, 2 / 3])).sum()
    assert _values(facts, ETH, "volatility_class", 1)[0] == expected


def test_sectors_are_compared_with_all_pairs(facts: MarketFacts, candles: dict[int, pl.DataFrame]) -> None:
    day = {pair: rows["close"][-1] / rows["close"][-1441] - 1 for pair, rows in candles.items()}
    average = sum(day.values()) / 3
    for pair in day:
        assert _values(facts, pair, "sector_rot_meme", 1)[0] == pytest.approx(day[DOGE] - average, abs=1e-12)
        assert _values(facts, pair, "sector_rot_layer1", 1)[0] == pytest.approx(day[ETH] - average, abs=1e-12)
        assert np.isnan(_values(facts, pair, "sector_rot_defi", 1)[0])


def test_a_pair_is_compared_with_those_that_have_a_close_at_the_same_time(
    candles: dict[int, pl.DataFrame],
) -> None:
    hour = {pair: rows["close"][-1] / rows["close"][-61] - 1 for pair, rows in candles.items()}
    whole = facts_of(candles_1m=pl.concat(candles.values()))
    ranks = {pair: _values(whole, pair, "rs", 1)[0] for pair in hour}
    ordered = sorted(hour, key=lambda pair: hour[pair])
    assert [ranks[pair] for pair in ordered] == pytest.approx([100 / 6, 50.0, 500 / 6])
    # Without the last minute of BTC: it has no rank, the others are two, and what needs BTC is unknown.
    holey = facts_of(candles_1m=pl.concat([candles[BTC][:-1], candles[ETH], candles[DOGE]]))
    assert np.isnan(_values(holey, BTC, "rs", 1)[0])
    two = sorted((ETH, DOGE), key=lambda pair: hour[pair])
    assert [_values(holey, pair, "rs", 1)[0] for pair in two] == [25.0, 75.0]
    assert np.isnan(_values(holey, DOGE, "leader", 1)[0])
    assert np.isfinite(_values(holey, DOGE, "btc_beta", 1)[0])
    # Alone, a pair has nothing to be compared with.
    alone = facts_of(candles_1m=candles[ETH])
    for name in ("rs", "cross_momentum", "btc_beta", "btc_divergence", "leader", "corr_btc_24"):
        assert np.isnan(_values(alone, ETH, name, 1)[0]), name


def test_equal_returns_share_a_rank() -> None:
    flat = np.full(80, 100.0)
    rng = np.random.default_rng(1)
    facts = facts_of(candles_1m=pl.concat([_candles(pair, flat, rng) for pair in (BTC, ETH, DOGE)]))
    moment = START + 80 * MINUTE + 2 * SECOND
    found = feature_matrix(facts, decisions_at([moment], (BTC, ETH, DOGE)), ["rs", "cross_momentum"])
    assert found["rs"].to_list() == pytest.approx([50.0] * 3)
    assert found["cross_momentum"].to_list() == [0.0] * 3


def test_instruments_of_another_venue_get_what_the_pairs_of_the_universe_get(facts: MarketFacts) -> None:
    moments, numbers = [LAST - k * MINUTE for k in (0, 61)], {103: BTC, 102: ETH, 101: DOGE}
    other = pl.col("instrument_id").replace({number: own for own, number in numbers.items()})
    theirs = MarketFacts(
        **{
            name: facts.of(name).with_columns(other).sort("instrument_id", maintain_order=True)
            for name in SOURCES
        }
    )
    decisions = decisions_at(moments, (BTC, ETH, DOGE))
    expected = feature_matrix(facts, decisions)
    found = under_universe_numbers(numbers)(theirs, decisions.with_columns(other))
    assert found["instrument_id"].to_list() == decisions.with_columns(other)["instrument_id"].to_list()
    assert_frame_equal(found.drop("instrument_id"), expected.drop("instrument_id"))
    assert expected["btc_beta"].null_count() == 0
    assert feature_matrix(theirs, decisions.with_columns(other))["btc_beta"].null_count() == len(decisions)


def test_one_pair_gets_what_it_gets_among_all(facts: MarketFacts) -> None:
    moments = [LAST - k * MINUTE for k in (0, 61, 500)]
    every = FeatureRecipe().build(facts, decisions_at(moments, (BTC, ETH, DOGE)))
    alone = FeatureRecipe().build(facts, decisions_at(moments, (DOGE,)))
    assert every.columns == ["instrument_id", "time", *FEATURE_RECIPE_V1]
    assert_frame_equal(every.filter(pl.col("instrument_id") == DOGE), alone, rel_tol=1e-9, abs_tol=1e-12)
