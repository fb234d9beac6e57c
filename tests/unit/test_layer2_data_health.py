"""Layer 2: what counts as fresh, stale, missing, not recorded, and what an outage is."""

from typing import Any

import polars as pl
import pytest

from hydra.layers.layer2_data_health import (
    DataHealthParameters,
    InputHealth,
    check_data_health,
    is_alive,
    is_fresh,
    with_data_health,
)
from tests.support.layer2_inputs import GOOD, evaluated

ALL_FEEDS = DataHealthParameters(feeds=frozenset({"order_book", "liquidations"}))
NO_FEEDS = DataHealthParameters()
DAY = 86_400.0

TYPES = dict.fromkeys(GOOD, pl.Float64)


def health(parameters: DataHealthParameters, **changed: float | None) -> dict[str, Any]:
    frame = pl.DataFrame([{**GOOD, **changed}], schema=TYPES)
    return with_data_health(frame, parameters).row(0, named=True)


@pytest.mark.parametrize(
    ("age", "fresh"), [(-0.001, False), (0.0, True), (59.999, True), (60.0, False), (DAY, False)]
)
def test_a_state_is_fresh_from_zero_to_below_sixty_seconds(age: float, fresh: bool) -> None:
    assert evaluated(is_fresh(pl.lit(age), 60.0)) is fresh


@pytest.mark.parametrize(("age", "alive"), [(-0.001, False), (0.0, True), (15.0, True), (15.001, False)])
def test_a_carried_value_lives_up_to_its_limit_inclusive(age: float, alive: bool) -> None:
    assert evaluated(is_alive(pl.lit(age), 15.0)) is alive


def test_check_data_health_one_day_old() -> None:
    """C08: `.seconds` of one day and two seconds is 2, so the printed check would pass it."""
    row = health(NO_FEEDS, candle_age_seconds=DAY + 2)
    assert row["health_candles"] == InputHealth.STALE
    assert row["data_healthy"] is False


def test_all_inputs_good_is_healthy_without_an_outage() -> None:
    row = health(ALL_FEEDS)
    assert row["data_healthy"] is True
    assert row["data_outage_seconds"] is None
    names = ("candles", "history", "funding", "open_interest", "order_book", "liquidations")
    assert [row[f"health_{name}"] for name in names] == [InputHealth.FRESH] * 6


@pytest.mark.parametrize("state", list(InputHealth))
def test_only_fresh_and_not_recorded_pass(state: InputHealth) -> None:
    passes = evaluated(check_data_health({"one": pl.lit(0), "other": pl.lit(state.value)}))
    assert passes is (state in (InputHealth.FRESH, InputHealth.NOT_RECORDED))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("candles", "candle_age_seconds"),
        ("funding", "funding_age_seconds"),
        ("open_interest", "open_interest_age_seconds"),
        ("order_book", "order_book_age_seconds"),
        ("liquidations", "liquidation_feed_age_seconds"),
    ],
)
def test_an_input_that_was_never_known_is_missing(name: str, column: str) -> None:
    row = health(ALL_FEEDS, **{column: None})
    assert row[f"health_{name}"] == InputHealth.MISSING
    assert row["data_healthy"] is False


@pytest.mark.parametrize(
    ("name", "column", "last_good", "first_bad"),
    [
        ("candles", "candle_age_seconds", 59.9, 60.0),
        ("open_interest", "open_interest_age_seconds", 600.0, 600.1),
        ("order_book", "order_book_age_seconds", 15.0, 15.1),
        ("liquidations", "liquidation_feed_age_seconds", 60.0, 60.1),
    ],
)
def test_an_input_beyond_its_age_is_stale(name: str, column: str, last_good: float, first_bad: float) -> None:
    assert health(ALL_FEEDS, **{column: last_good})["data_healthy"] is True
    row = health(ALL_FEEDS, **{column: first_bad})
    assert row[f"health_{name}"] == InputHealth.STALE
    assert row["data_healthy"] is False


def test_an_undeclared_feed_is_not_recorded_however_absent() -> None:
    row = health(NO_FEEDS, order_book_age_seconds=None, liquidation_feed_age_seconds=None, spread_bps=None)
    assert row["health_order_book"] == InputHealth.NOT_RECORDED
    assert row["health_liquidations"] == InputHealth.NOT_RECORDED
    assert row["data_healthy"] is True


def test_funding_whose_feature_expired_is_stale() -> None:
    assert health(NO_FEEDS, funding_rate=None)["health_funding"] == InputHealth.STALE


def test_fewer_than_twenty_five_minute_candles_are_missing_history() -> None:
    """The average over 20 bars bears one that is missing; 19 candles are not 20."""
    assert health(NO_FEEDS, m5_candles=20.0)["health_history"] == InputHealth.FRESH
    assert health(NO_FEEDS, m5_candles=19.0)["health_history"] == InputHealth.MISSING
    assert health(NO_FEEDS, m5_candles=None)["health_history"] == InputHealth.MISSING
    assert health(NO_FEEDS, m5_price_vs_sma_20=None)["health_history"] == InputHealth.MISSING


@pytest.mark.parametrize(("spread", "state"), [(99.99, InputHealth.FRESH), (100.0, InputHealth.WIDE)])
def test_a_spread_of_one_percent_is_too_wide(spread: float, state: InputHealth) -> None:
    row = health(ALL_FEEDS, spread_bps=spread)
    assert row["health_order_book"] == state
    assert row["data_healthy"] is (state is InputHealth.FRESH)


def test_a_book_without_a_spread_is_stale_and_an_old_wide_one_too() -> None:
    assert health(ALL_FEEDS, spread_bps=None)["health_order_book"] == InputHealth.STALE
    old = health(ALL_FEEDS, spread_bps=500.0, order_book_age_seconds=16.0)
    assert old["health_order_book"] == InputHealth.STALE


def test_a_clock_that_has_not_agreed_for_a_minute_is_off_and_no_outage() -> None:
    connected = DataHealthParameters(feeds=frozenset({"order_book", "liquidations", "clock"}))
    assert health(connected)["health_clock"] == InputHealth.FRESH
    assert health(ALL_FEEDS, clock_age_seconds=None)["health_clock"] == InputHealth.NOT_RECORDED
    for age in (60.001, None):
        row = health(connected, clock_age_seconds=age)
        assert row["health_clock"] == InputHealth.OFF
        assert (row["data_healthy"], row["data_outage_seconds"]) == (False, None)


def test_an_outage_counts_from_the_age_that_was_allowed_and_takes_the_worst() -> None:
    assert health(NO_FEEDS, candle_age_seconds=362.0)["data_outage_seconds"] == 302.0
    assert health(NO_FEEDS, open_interest_age_seconds=900.0)["data_outage_seconds"] == 300.0
    assert health(ALL_FEEDS, order_book_age_seconds=25.0)["data_outage_seconds"] == 10.0
    assert health(ALL_FEEDS, liquidation_feed_age_seconds=67.0)["data_outage_seconds"] == 7.0
    both = health(ALL_FEEDS, order_book_age_seconds=25.0, candle_age_seconds=61.0)
    assert both["data_outage_seconds"] == 10.0
    assert health(NO_FEEDS, candle_age_seconds=60.5)["data_outage_seconds"] == 0.5


def test_undeclared_feeds_and_late_funding_are_no_outage() -> None:
    absent = {"order_book_age_seconds": 1e6, "liquidation_feed_age_seconds": 1e6, "funding_age_seconds": 1e6}
    assert health(NO_FEEDS, **absent)["data_outage_seconds"] is None
    assert health(NO_FEEDS, candle_age_seconds=60.0)["data_outage_seconds"] is None
