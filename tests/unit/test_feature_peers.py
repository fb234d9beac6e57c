"""ADX, Bollinger width and CCI against TA-Lib; rolling windows against fresh sums on long, uneven series."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import talib

from hydra.arrays import TIME
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import SOURCES
from tests.support.feature_market import SECOND, START, decisions_at, facts_of

BARS = 3000
STEP = timedelta(minutes=5)


def _walk(level: float, sigma: float, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, sigma, BARS)))
    at = [START + k * STEP for k in range(BARS)]
    return pl.DataFrame(
        {
            "instrument_id": np.ones(BARS),
            "time": at,
            "known_at": [moment + 302 * SECOND for moment in at],
            "open": close,
            "high": close * (1 + rng.exponential(sigma, BARS)),
            "low": close * (1 - rng.exponential(sigma, BARS)),
            "close": close,
            "volume": rng.lognormal(3, 1, BARS),
            "quote_volume": np.full(BARS, 1.0),
            "taker_buy_quote_volume": np.full(BARS, 0.5),
            "row_count": np.full(BARS, 5),
        },
        schema=SOURCES["candles_5m"].columns,
        strict=False,
    )


def _feature(bars: pl.DataFrame, name: str) -> np.ndarray:
    moments = [moment + 302 * SECOND for moment in bars["time"]]
    return feature_matrix(facts_of(candles_5m=bars), decisions_at(moments, (1,)), [name])[name].to_numpy()


def _adx_of_the_peer(bars: pl.DataFrame) -> np.ndarray:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    return np.asarray(talib.ADX(high, low, close, timeperiod=14))


@pytest.mark.parametrize("level", [60_000.0, 0.2])
def test_adx_is_that_of_ta_lib(level: float) -> None:
    bars = _walk(level, 1e-3, seed=1)
    peer = _adx_of_the_peer(bars)
    found = _feature(bars, "m5_adx_14")
    assert np.isnan(found[:150]).sum() >= 143
    assert np.isfinite(found[150:]).all()
    known = np.isfinite(found)
    np.testing.assert_allclose(found[known], peer[known], rtol=1e-9)


def test_adx_of_a_flat_market_stays_where_ta_lib_leaves_it() -> None:
    bars = _walk(100.0, 1e-3, seed=2)
    flat = pl.int_range(pl.len()).is_between(500, 520)
    price = bars["close"][499]
    bars = bars.with_columns(
        pl.when(flat).then(pl.lit(price)).otherwise(pl.col(c)).alias(c) for c in ("high", "low", "close")
    )
    peer = _adx_of_the_peer(bars)
    np.testing.assert_allclose(_feature(bars, "m5_adx_14")[160:], peer[160:], rtol=1e-9)


def test_bollinger_width_is_that_of_ta_lib() -> None:
    bars = _walk(60_000.0, 1e-3, seed=3)
    upper, middle, lower = talib.BBANDS(bars["close"].to_numpy(), timeperiod=20, nbdevup=2, nbdevdn=2)
    # TA-Lib's deviation is a difference of running sums of squares: about eight digits on this series.
    np.testing.assert_allclose(
        _feature(bars, "m5_bollinger_width")[19:], ((upper - lower) / middle)[19:], rtol=1e-6
    )


@pytest.mark.parametrize("level", [60_000.0, 0.2])
def test_cci_is_that_of_ta_lib(level: float) -> None:
    steps = _walk(level, 1e-3, seed=5)
    at = [START + k * timedelta(minutes=1) for k in range(BARS)]
    minutes = steps.drop("row_count").with_columns(
        pl.Series("time", at, TIME), pl.Series("known_at", [moment + 62 * SECOND for moment in at], TIME)
    )
    decisions = decisions_at([moment + 62 * SECOND for moment in at], (1,))
    found = feature_matrix(facts_of(candles_1m=minutes), decisions, ["cci"])["cci"].to_numpy()
    high, low, close = (minutes[name].to_numpy() for name in ("high", "low", "close"))
    np.testing.assert_allclose(
        found[19:], talib.CCI(high, low, close, timeperiod=20)[19:], rtol=1e-7, atol=1e-7
    )


def test_rolling_windows_do_not_drift_over_a_long_series_of_very_different_scales() -> None:
    rng = np.random.default_rng(4)
    wild = 60_000 * np.exp(np.cumsum(rng.normal(0, 1e-2, 100_000)))
    quiet = 0.2 * np.exp(np.cumsum(rng.normal(0, 1e-4, 5_000)))
    series = pl.Series(np.r_[wild, quiet])
    fresh = pl.Series(quiet)
    for rows in (20, 288, 1440):
        for found, expected in (
            (series.rolling_mean(rows), fresh.rolling_mean(rows)),
            (series.rolling_std(rows), fresh.rolling_std(rows)),
        ):
            tail = slice(-(5_000 - rows), None)
            np.testing.assert_allclose(found.to_numpy()[tail], expected.to_numpy()[tail], rtol=1e-9)
