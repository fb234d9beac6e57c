"""The check of warm-up finds what depends on the start of the facts, and allows what the null rules say."""

from datetime import timedelta

import polars as pl
import pytest

from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import Simulation, Stopwatch, prepare
from hydra.checks.comparer import CheckResult
from hydra.checks.decision_lookahead import decisions_with_signals, simulate_by
from hydra.checks.warm_up import (
    FeatureWarmUp,
    decision_warm_up,
    feature_warm_up,
    is_recursive,
)
from hydra.features.catalogue import CATALOGUE
from hydra.features.facts import MarketFacts
from tests.support.checked_market import RULES, START, market, simulated, simulation

pytestmark = pytest.mark.slow

_KEY = ["instrument_id", "time"]
STARTS = ("1 d earlier", "3 d earlier", "1 d later", "7 d later")
MOMENTS = (90, 481, 590)


def decisions() -> list[pl.DataFrame]:
    return [decisions_with_signals(simulation(), row) for row in MOMENTS]


def offending(check: FeatureWarmUp) -> dict[str, set[str]]:
    return {
        varied: {one.value for one in tally.first}
        for varied, tally in check.results.items()
        if tally.mismatches
    }


def test_no_feature_remembers_what_lies_before_its_warm_up() -> None:
    check = feature_warm_up(market(), decisions())
    assert tuple(check.results) == STARTS
    assert offending(check) == {}
    assert all(
        tally.compared == len(MOMENTS) * 3 * len(check.changes) / 4 for tally in check.results.values()
    )


def test_features_that_lost_their_history_are_listed_with_how_far_they_moved() -> None:
    changed = {(one.varied, one.feature): one for one in feature_warm_up(market(), decisions()).changed()}
    assert {varied for varied, _ in changed} == {"1 d later", "7 d later"}
    funding = changed["7 d later", "funding_rate_zscore"]
    assert funding.moved > 0
    assert funding.largest > 0.01
    open_interest = changed["7 d later", "oi_delta_pct"]
    assert (open_interest.became_null, open_interest.moved) == (open_interest.compared, 0)


def test_only_what_is_smoothed_without_end_may_differ_by_more() -> None:
    assert {name for name in CATALOGUE if is_recursive(name)} == {
        "m5_adx_14", "adx", "ema_5", "ema_8", "ema_21", "ema_34", "ema_diff_5_21", "ema_diff_8_34", "htf",
        "macd_norm", "trend_strength", "trend_strength_decay", "wave_trend",
    }  # fmt: skip


def mean_of_all(facts: MarketFacts, asked: pl.DataFrame) -> pl.DataFrame:
    """The mean of every close there is: it remembers the first one."""
    means = facts.candles_1m.group_by("instrument_id").agg(pl.col("close").mean())
    found = asked.join(means, on="instrument_id", how="left", maintain_order="left")["close"]
    return asked.select(_KEY).with_columns(found.alias("mean_of_all"))


def test_a_feature_that_remembers_its_first_bar_is_found() -> None:
    check = feature_warm_up(market(), decisions()[:1], mean_of_all)
    assert offending(check) == {varied: {"mean_of_all"} for varied in STARTS}


def test_layers_2_and_3_say_the_same_from_a_later_first_minute() -> None:
    tally = decision_warm_up(market(), START + timedelta(hours=4), simulate_by(RULES))
    assert (tally.mismatches, tally.compared > 10_000) == (0, True)


def counts_its_rows(given: BacktestMarket) -> Simulation:
    """A rate that grows with the number of minutes decided so far."""
    prepared = prepare(given, Stopwatch())
    grown = pl.col("funding_rate") * (1 + pl.int_range(pl.len()).over("instrument_id") * 1e-6)
    return simulated(prepared, inputs=prepared.inputs.with_columns(grown))


def test_a_decision_that_counts_from_the_first_minute_is_found() -> None:
    tally: CheckResult = decision_warm_up(market(), START + timedelta(hours=4), counts_its_rows)
    assert tally.mismatches > 0
    assert "funding_rate" in {one.value for one in tally.first}
