"""Windows of 100 minutes: shape, scale within the window, what is missing, and nothing of the future."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
import talib

from hydra.errors import BadDataError
from hydra.features.facts import MarketFacts
from hydra.features.for_models.sequence_windows import SEQUENCE_MINUTES, SequenceWindows, sequence_steps
from hydra.features.vectors import SEQUENCE_FEATURES_V1
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at, random_market

pytestmark = pytest.mark.slow

DAYS = 3
END = START + timedelta(days=DAYS)
PLACE = {name: place for place, name in enumerate(SEQUENCE_FEATURES_V1)}
# The last day of pair 1 has no hole; books stand in the last half hour only.
MOMENTS = [END - k * MINUTE + 2 * SECOND for k in range(239, -1, -1)]
HOLE = END - 700 * MINUTE


@pytest.fixture(scope="module")
def market() -> MarketFacts:
    """Every bar in time; one test takes the market with its late bars."""
    late = random_market(seed=12, days=DAYS)
    prompt = late.candles_1m.with_columns((pl.col("time") + pl.duration(seconds=62)).alias("known_at"))
    return replace(late, candles_1m=prompt)


@pytest.fixture(scope="module")
def steps(market: MarketFacts) -> pl.DataFrame:
    return sequence_steps(market, decisions_at(MOMENTS, (1,)))


@pytest.fixture(scope="module")
def windows(steps: pl.DataFrame) -> SequenceWindows:
    return SequenceWindows(steps)


def _column(windows: SequenceWindows, name: str) -> np.ndarray:
    return windows.values(slice(None))[:, :, PLACE[name]]


def test_every_minute_with_99_before_it_ends_a_window(windows: SequenceWindows) -> None:
    assert len(windows) == len(MOMENTS) - SEQUENCE_MINUTES + 1
    assert windows.ends.tolist() == list(range(99, 240))
    values = windows.values(slice(None))
    assert values.shape == (141, 100, 14)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert len(SEQUENCE_FEATURES_V1) == 14


def test_prices_are_relative_to_the_last_close_of_the_window(
    windows: SequenceWindows, market: MarketFacts
) -> None:
    bars = market.candles_1m.filter(pl.col("instrument_id") == 1)[-100:]
    last = bars["close"][-1]
    for name in ("open", "high", "low", "close"):
        expected = bars[name].to_numpy() / last - 1
        np.testing.assert_allclose(_column(windows, f"{name}_norm")[-1], expected, rtol=1e-9, atol=1e-15)
    assert (_column(windows, "close_norm")[:, -1] == 0).all()


def test_volume_is_scaled_within_the_window(windows: SequenceWindows, market: MarketFacts) -> None:
    volume = _column(windows, "volume_norm")
    np.testing.assert_allclose(volume.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(volume.std(axis=1, ddof=1), 1)
    value = np.log1p(market.candles_1m.filter(pl.col("instrument_id") == 1)["quote_volume"].to_numpy()[-100:])
    np.testing.assert_allclose(volume[-1], (value - value.mean()) / value.std(ddof=1), rtol=1e-9)


def test_returns_volatility_and_indicators_against_independent_ones(
    windows: SequenceWindows, market: MarketFacts
) -> None:
    closes = market.candles_1m.filter(pl.col("instrument_id") == 1)["close"].to_numpy()[-1000:]
    log_returns = np.diff(np.log(closes))
    np.testing.assert_allclose(_column(windows, "return")[-1], log_returns[-100:], rtol=1e-9, atol=1e-15)
    deviations = [log_returns[: len(log_returns) - k][-20:].std(ddof=1) for k in range(99, -1, -1)]
    np.testing.assert_allclose(_column(windows, "volatility")[-1], deviations, rtol=1e-9)
    # TA-Lib's MACD seeds its fast average later; its plain averages do as docs/features.md says.
    macd = (talib.EMA(closes, 12) - talib.EMA(closes, 26)) / closes * 100
    np.testing.assert_allclose(_column(windows, "macd_norm")[-1], macd[-100:], rtol=1e-6, atol=1e-9)
    upper, _, lower = talib.BBANDS(closes, timeperiod=20, nbdevup=2, nbdevdn=2)
    position = ((closes - lower) / (upper - lower)).clip(-1, 2)
    np.testing.assert_allclose(_column(windows, "bb_position")[-1], position[-100:], rtol=1e-5)


def test_feeds_are_taken_as_known_at_each_step(windows: SequenceWindows, steps: pl.DataFrame) -> None:
    known = steps[-100:]
    funding = known["funding_rate"].fill_null(0.0).to_numpy() * 1e4
    np.testing.assert_allclose(_column(windows, "funding_rate")[-1], funding)
    strength = known["rsi_14"].to_numpy() / 50 - 1
    np.testing.assert_allclose(_column(windows, "rsi_norm")[-1], strength)
    for name in ("oi_delta_pct", "ob_imbalance", "liq_imbalance"):
        np.testing.assert_allclose(_column(windows, name)[-1], known[name].fill_null(0.0).to_numpy())


def test_masks_say_where_open_interest_and_book_are_unknown(
    windows: SequenceWindows, steps: pl.DataFrame
) -> None:
    masks = windows.masks(slice(None))
    assert masks.shape == (141, 100, 2)
    assert (masks[-1, :, 1] == steps["ob_imbalance"][-100:].is_null().to_numpy()).all()
    assert masks[0, :, 1].all()
    assert not masks[-1, :, 1].all()
    # What is masked is 0.
    assert (windows.values(slice(None))[:, :, PLACE["ob_imbalance"]][masks[:, :, 1]] == 0).all()


def test_a_window_with_a_missing_bar_is_left_out(market: MarketFacts) -> None:
    moments = [HOLE + k * MINUTE + 2 * SECOND for k in range(-200, 400)]
    windows = SequenceWindows(sequence_steps(market, decisions_at(moments, (2,))))
    ends = windows.ends
    assert 0 < len(ends) < 600 - 99
    # The decision k minutes after HOLE reads the bar k-1; bars 0 to 99 are missing.
    inside = (ends > 200) & (ends <= 200 + 100 + 99)
    assert not inside.any()
    assert (ends <= 200).any()
    assert (ends > 400).any()


def test_a_window_is_what_was_known_at_its_decision() -> None:
    late = random_market(seed=12, days=DAYS)
    windows = SequenceWindows(sequence_steps(late, decisions_at(MOMENTS, (1,))))
    assert 0 < len(windows) < 141
    for end in (99, *range(110, 240, 10)):
        known = sequence_steps(late.known_by(MOMENTS[end]), decisions_at(MOMENTS[end - 99 : end + 1], (1,)))
        alone = SequenceWindows(known).values(slice(None))
        place = np.flatnonzero(windows.ends == end)
        if len(place):
            np.testing.assert_allclose(alone, windows.values(place), rtol=1e-9, atol=1e-12)
        else:
            # A bar of the window, or of what its first step looks back, was not known yet.
            assert (late.candles_1m["known_at"] > MOMENTS[end]).any()


def test_flat_volume_has_a_score_of_zero(steps: pl.DataFrame) -> None:
    flat = steps.with_columns(pl.lit(7.0).alias("log_traded_value"))
    assert (SequenceWindows(flat).values(slice(None))[:, :, PLACE["volume_norm"]] == 0).all()


def test_other_steps_are_refused(steps: pl.DataFrame) -> None:
    with pytest.raises(BadDataError, match="a minute apart"):
        SequenceWindows(steps[::2])
    two = pl.concat([steps, steps.with_columns(pl.lit(2, pl.Int16).alias("instrument_id"))])
    with pytest.raises(BadDataError, match="several pairs"):
        SequenceWindows(two)
    assert len(SequenceWindows(steps[:50])) == 0
    assert SequenceWindows(steps[:50]).values(slice(None)).shape == (0, 100, 14)
