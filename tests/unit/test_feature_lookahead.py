"""No feature knows the future: truncation and future shock on random markets with late facts."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydra.checks.comparer import Mismatch
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.facts import MarketFacts
from tests.support.feature_lookahead import future_shock_mismatches, truncation_mismatches
from tests.support.feature_market import START, decisions_at, random_market

pytestmark = pytest.mark.slow

DAYS = 8
END = START + timedelta(days=DAYS)
MARKET = random_market(seed=11, days=DAYS)
# Every two minutes on the decision clock around holes and silences, and the last half hour with books.
MOMENTS = [END - timedelta(minutes=k) + timedelta(seconds=2) for k in (*range(1, 26, 2), 147, 560, 640, 1100)]


@pytest.fixture(scope="module")
def truncation() -> list[Mismatch]:
    return truncation_mismatches(MARKET, decisions_at(MOMENTS), feature_matrix)


@pytest.fixture(scope="module")
def future_shock() -> list[Mismatch]:
    return future_shock_mismatches(MARKET, decisions_at(MOMENTS), feature_matrix)


@pytest.mark.parametrize("name", MARKET_FEATURES)
def test_the_value_is_the_same_from_the_facts_known_by_then(name: str, truncation: list[Mismatch]) -> None:
    assert [mismatch for mismatch in truncation if mismatch.value == name] == []


@pytest.mark.parametrize("name", MARKET_FEATURES)
def test_a_change_of_unknown_facts_changes_nothing(name: str, future_shock: list[Mismatch]) -> None:
    assert [mismatch for mismatch in future_shock if mismatch.value == name] == []


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 5_400_000), min_size=1, max_size=4, unique=True))
def test_any_instant_sees_only_what_was_known(milliseconds: list[int]) -> None:
    moments = [END - timedelta(milliseconds=k) for k in milliseconds]
    assert truncation_mismatches(MARKET, decisions_at(moments), feature_matrix) == []


def _late_in(facts: MarketFacts, first: datetime) -> int:
    late = pl.col("known_at") - pl.col("time") > pl.duration(seconds=62)
    return facts.candles_1m.filter(late & (pl.col("time") >= first)).height


def test_the_market_has_late_candles_near_the_decisions() -> None:
    assert _late_in(MARKET, MOMENTS[12] - timedelta(minutes=60)) > 0


def _peeking(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """The close of the minute that is still running."""
    ahead = decisions.with_columns(pl.col("time") + pl.duration(minutes=1)).select("instrument_id", "time")
    seen = feature_matrix(facts, ahead, ["last_close"])["last_close"]
    return decisions.select("instrument_id", "time", last_close=seen)


@pytest.mark.parametrize("check", [truncation_mismatches, future_shock_mismatches])
def test_both_checks_find_an_evaluation_that_reads_one_candle_ahead(check) -> None:  # type: ignore[no-untyped-def]
    mismatches = check(MARKET, decisions_at(MOMENTS[:2]), _peeking)
    assert {mismatch.value for mismatch in mismatches} == {"last_close"}
