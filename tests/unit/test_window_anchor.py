"""Where facts begin depends on the decision's instant alone, and reaches as far back as the windows do."""

from datetime import UTC, datetime, time, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hydra.errors import StopError
from hydra.features.evaluate import feature_matrix
from hydra.features.fact_source import FactSource
from hydra.features.facts import LAYER_SOURCES, MODEL_SOURCES, MarketFacts
from hydra.features.reading.anchor import anchor
from hydra.features.vectors import DECISION_FEATURES_V1, FEATURE_RECIPE_V1
from tests.support.feature_market import START, decisions_at, facts_of, random_market
from tests.support.feature_reference_recipe import RECURSIVE
from tests.support.synthetic_market import utc

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# The longest look-back of any feature on each input, from the windows in docs/features.md.
LONGEST_LOOK_BACK = {
    "candles_1m": 30 * DAY + 61 * timedelta(minutes=1),
    "candles_5m": 30 * DAY + 13 * timedelta(minutes=5),
    "funding_rates": (100 + 3 + 2) * timedelta(hours=8),
    "open_interest_5m": (100 * 5 + 60 + 10) * timedelta(minutes=1),
    "positioning": timedelta(minutes=15),
    "liquidations": 24 * HOUR + timedelta(minutes=10),
    "liquidation_gaps": HOUR,
    "order_book_tops": timedelta(seconds=15),
    "heartbeats": 24 * HOUR + timedelta(minutes=10),
}
_instants = st.integers(0, 10 * 365 * 86_400).map(
    lambda seconds: utc(2020, 1, 1) + timedelta(seconds=seconds)
)


def test_every_input_has_a_warm_up_with_a_reason() -> None:
    assert set(LAYER_SOURCES) == set(LONGEST_LOOK_BACK)
    warm_ups = [source.warm_up for source in MODEL_SOURCES.values()]
    assert all(warm_up.reason for warm_up in warm_ups)


def test_the_anchor_by_hand() -> None:
    starts = anchor(utc(2025, 6, 10, 12, 34, 2))
    assert starts["candles_1m"] == starts["candles_5m"] == utc(2025, 5, 10)
    assert starts["funding_rates"] == utc(2025, 5, 5)
    assert starts["open_interest_5m"] == utc(2025, 6, 9)
    assert starts["liquidations"] == utc(2025, 6, 8, 22)
    assert starts["order_book_tops"] == utc(2025, 6, 10, 11, 55)


@pytest.fixture(scope="module")
def history() -> MarketFacts:
    return random_market(seed=3, days=36)


def _since_the_anchor(history: MarketFacts, starts: dict[str, datetime]) -> MarketFacts:
    kept = {name: getattr(history, name).filter(pl.col("time") >= start) for name, start in starts.items()}
    return facts_of(**kept)


@pytest.mark.parametrize("clock", ["23:00:02", "23:20:02", "23:59:57"])
@pytest.mark.parametrize(
    ("names", "sources"),
    [(DECISION_FEATURES_V1, LAYER_SOURCES), (FEATURE_RECIPE_V1, MODEL_SOURCES)],
    ids=["layers 2 and 3", "recipe"],
)
def test_facts_from_the_anchor_on_give_the_features_of_the_whole_history(
    clock: str, names: tuple[str, ...], sources: dict[str, FactSource], history: MarketFacts
) -> None:
    instant = datetime.combine(START + 35 * DAY, time.fromisoformat(clock), UTC)
    read = _since_the_anchor(history, anchor(instant, sources))
    decisions = decisions_at([instant])
    expected, found = feature_matrix(history, decisions, names), feature_matrix(read, decisions, names)
    known_by_then = {"liq_zscore", "corr_btc_720", "htf", "whale_movement"} & set(names)
    assert known_by_then
    assert expected.select(known_by_then).null_count().sum_horizontal().item() == 0
    recursive = [name for name in names if name in RECURSIVE]
    assert_frame_equal(found.drop(recursive), expected.drop(recursive), rel_tol=1e-9, abs_tol=1e-12)
    assert_frame_equal(found.select(recursive), expected.select(recursive), rel_tol=1e-4)


@given(_instants)
def test_every_window_fits_behind_the_anchor(instant: datetime) -> None:
    starts = anchor(instant)
    assert all(starts[name] <= instant - longest for name, longest in LONGEST_LOOK_BACK.items())


@given(_instants, st.integers(0, 59))
def test_all_decisions_of_an_hour_share_their_anchor(instant: datetime, minutes: int) -> None:
    hour = instant.replace(minute=0, second=0, microsecond=0)
    assert anchor(hour + minutes * timedelta(minutes=1)) == anchor(hour)


def test_the_zone_of_the_caller_does_not_matter() -> None:
    there = utc(2025, 6, 10, 1).astimezone(timezone(timedelta(hours=-7)))
    assert anchor(there) == anchor(utc(2025, 6, 10, 1))


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(StopError, match="no time zone"):
        anchor(utc(2025, 6, 10).replace(tzinfo=None))
