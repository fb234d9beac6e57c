"""The grid of bars that labels read: holes, late and long bars, what a live run saw; the compiled race."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hydra.backtest.bars import bar_grid
from hydra.backtest.market import BacktestMarket, RecordedFacts
from hydra.durations import EPOCH, MICROSECOND, MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.decision_frame import DECISION_DELAY_US
from hydra.training.labels import barrier_race
from hydra.training.labels.barrier_race import RaceBars, RaceEnds
from hydra.training.labels.close_to_close import direction_labels, fixed_horizon_labels
from hydra.training.labels.label_rows import Unlabelled
from hydra.training.labels.minute_prices import minute_prices
from tests.support.few_bars import MINUTE, START, market_of
from tests.support.label_scene import decisions, prices_of

PRICES = [100_000.0 + number for number in range(8)]


def rising(minutes: int = 8) -> BacktestMarket:
    return market_of([(price,) * 4 for price in PRICES[:minutes]])


def test_minutes_that_were_not_decided_are_rows_without_bars() -> None:
    """Minutes START + 2 and 3 are cut out, and in the next one three bars become known at once: none counts.

    A horizon still ends at its own minute.
    """
    market = rising()
    first = market.minutes[1]
    gone = np.isin(market.minutes, [first + 2, first + 3])
    prices = prices_of(replace(market, minutes=market.minutes[~gone]))
    assert np.isnan(prices.closes[3:6]).all()
    (row,) = direction_labels(prices, decisions(0), 5).iter_rows(named=True)
    assert (row["label"], row["label_end"] - row["label_start"]) == (1, timedelta(minutes=5))
    assert direction_labels(prices, decisions(0), 2)["unlabelled"].to_list() == [Unlabelled.MISSING_BAR]


def test_a_bar_that_came_late_is_no_price() -> None:
    market = rising()
    late = pl.when(pl.col("time") == START + MINUTE).then(pl.col("known_at") + 2 * MINUTE)
    candles = market.facts.candles_1m.with_columns(late.otherwise(pl.col("known_at")).alias("known_at"))
    prices = prices_of(replace(market, facts=replace(market.facts, candles_1m=candles)))
    assert direction_labels(prices, decisions(0), 2)["unlabelled"].to_list() == [Unlabelled.MISSING_BAR]


def test_bars_of_five_minutes_have_a_close_but_nothing_is_played_on_them() -> None:
    market = rising()
    bars = bar_grid(market)
    long = replace(bars, length=np.full_like(bars.length, 5))
    prices = minute_prices(market, long)
    assert np.isfinite(prices.closes).any()
    assert not prices.is_played.any()


def test_a_live_runs_label_starts_and_ends_when_the_run_saw_its_facts() -> None:
    market = rising()
    seen = market.minutes * MINUTE_US + DECISION_DELAY_US - 500_000
    recorded = replace(market, recorded=RecordedFacts(market.facts, seen))
    (row,) = direction_labels(prices_of(recorded), decisions(0), 2).iter_rows(named=True)
    assert row["label_start"] == EPOCH + int(seen[1]) * MICROSECOND
    assert row["label_end"] == EPOCH + int(seen[3]) * MICROSECOND


@pytest.mark.parametrize("side", ["FLAT", None])
def test_a_label_needs_a_side(side: str | None) -> None:
    signals = decisions(0, holding_period_minutes=[1]).with_columns(side=pl.lit(side, pl.String))
    with pytest.raises(BadDataError, match="only LONG and SHORT earn something"):
        fixed_horizon_labels(prices_of(rising()), signals)


def test_the_compiled_race_is_the_plain_one() -> None:
    draws = np.random.default_rng(5)
    shape, count = (400, 2), 300
    closes = 100 + np.cumsum(draws.normal(0, 0.2, shape), axis=0)
    opens = closes - draws.normal(0, 0.1, shape)
    reach = np.abs(draws.normal(0, 0.2, shape))
    highs, lows = np.maximum(opens, closes) + reach, np.minimum(opens, closes) - reach
    settles = draws.random(shape) < 0.2
    bars = RaceBars(
        opens, highs, lows, closes, opens, highs + 0.05, lows - 0.05, draws.random(shape) < 0.98,
        draws.normal(size=shape), np.where(settles, np.arange(400)[:, None] + 2, -1)
    )  # fmt: skip
    rows, columns = draws.integers(0, 399, count), draws.integers(0, 2, count)
    entry = opens[rows + 1, columns]
    for direction in (1, -1):
        given = (rows, columns, direction, entry - direction * 0.6, entry + direction * 0.8, 6, bars)
        plain, compiled = barrier_race._race(*given), barrier_race.race()(*given)
        for name in RaceEnds._fields:
            np.testing.assert_array_equal(getattr(plain, name), getattr(compiled, name))
        assert {-1, 0, 1, 2} >= set(plain.hit) >= {0, 1, 2}
