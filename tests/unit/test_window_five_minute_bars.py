"""Five-minute bars as of an instant: from whole buckets, known minutes, recorded candles, in that order."""

from datetime import datetime, timedelta
from functools import reduce
from operator import add

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.features.facts import SOURCES, empty_frame
from hydra.features.reading.five_minute_bars import bars_as_of
from tests.support.synthetic_market import MINUTE, utc

NOON = utc(2025, 6, 10, 12)
# open, high, low, close, volume, quote volume, taker-bought value of five minutes
MINUTES = [
    (10.0, 12.0, 9.0, 11.0, 1.0, 11.0, 5.0),
    (11.0, 15.0, 11.0, 14.0, 2.0, None, 6.0),
    (14.0, 14.0, 8.0, 9.0, 3.0, 30.0, 7.0),
    (9.0, 10.0, 9.0, 10.0, 4.0, 40.0, 8.0),
    (10.0, 11.0, 10.0, 10.5, 5.0, 52.0, 9.0),
]


def _minutes(*positions: int, pair: int = 1, start: datetime = NOON) -> pl.DataFrame:
    rows = [
        (pair, start + at * MINUTE, start + (at + 1) * MINUTE + timedelta(seconds=2), *MINUTES[at])
        for at in positions
    ]
    return pl.DataFrame(rows, schema=SOURCES["candles_1m"].columns, orient="row")


def _candle(open_price: float, rows: int = 5, time: datetime = NOON) -> pl.DataFrame:
    known_at = time + timedelta(minutes=5, seconds=2)
    row = (1, time, known_at, open_price, 99.0, 1.0, 50.0, 7.0, 350.0, None, rows)
    return pl.DataFrame([row], schema=SOURCES["candles_5m"].columns, orient="row")


NO_BARS = empty_frame("candles_5m")
LATER = NOON + timedelta(hours=1)


def test_a_bar_from_its_minutes_by_hand() -> None:
    (bar,) = bars_as_of(NO_BARS, _minutes(0, 1, 2, 3, 4), NO_BARS, LATER).rows(named=True)
    assert (bar["open"], bar["high"], bar["low"], bar["close"]) == (10.0, 15.0, 8.0, 10.5)
    # The second minute has no quote volume: 2 x (15 + 11 + 14) / 3 = 80/3 (C128).
    assert bar["volume"] == 15.0
    assert bar["quote_volume"] == pytest.approx(133.0 + 80 / 3)
    assert (bar["taker_buy_quote_volume"], bar["row_count"]) == (35.0, 5)
    assert bar["known_at"] == NOON + timedelta(minutes=5, seconds=2)


@given(st.lists(st.floats(0.001, 1e6), min_size=5, max_size=5))
def test_volumes_are_added_up_one_after_the_other(volumes: list[float]) -> None:
    """To the last bit as the database does: the bar of a rollup and one made here are the same."""
    added = pl.Series(volumes)
    amounts = ("volume", "quote_volume", "taker_buy_quote_volume")
    minutes = _minutes(0, 1, 2, 3, 4).with_columns(added.alias(name) for name in amounts)
    (bar,) = bars_as_of(NO_BARS, minutes, NO_BARS, LATER).rows(named=True)
    assert [bar[name] for name in amounts] == [reduce(add, volumes)] * 3


@given(st.lists(st.floats(0.001, 1e6), min_size=5, max_size=5))
def test_an_unrecorded_quote_volume_is_the_database_s_to_the_last_bit(volumes: list[float]) -> None:
    """C128: volume x (high + low + close) / 3, divided by three, not multiplied by a third."""
    missing = pl.lit(None, dtype=pl.Float64()).alias("quote_volume")
    minutes = _minutes(0, 1, 2, 3, 4).with_columns(pl.Series("volume", volumes), missing)
    (bar,) = bars_as_of(NO_BARS, minutes, NO_BARS, LATER).rows(named=True)
    prices = [high + low + close for _, high, low, close, *_ in MINUTES]
    quotes = [volume * price / 3 for volume, price in zip(volumes, prices, strict=True)]
    assert bar["quote_volume"] == reduce(add, quotes)


def test_taker_volume_is_null_unless_every_minute_has_it() -> None:
    minutes = _minutes(0, 1, 2, 3, 4)
    missing = pl.when(pl.col("time") == NOON).then(None).otherwise(pl.col("taker_buy_quote_volume"))
    bars = bars_as_of(NO_BARS, minutes.with_columns(missing.alias("taker_buy_quote_volume")), NO_BARS, LATER)
    assert bars["taker_buy_quote_volume"].to_list() == [None]


def test_a_bucket_counts_from_its_end_on() -> None:
    minutes = _minutes(0, 1)
    end = NOON + timedelta(minutes=5)
    assert bars_as_of(NO_BARS, minutes, NO_BARS, end - timedelta(microseconds=1)).is_empty()
    (bar,) = bars_as_of(NO_BARS, minutes, NO_BARS, end).rows(named=True)
    assert (bar["row_count"], bar["close"], bar["known_at"]) == (2, 14.0, end)


def test_a_whole_bucket_of_the_rollup_stands_before_its_minutes() -> None:
    (bar,) = bars_as_of(_candle(77.0), _minutes(0, 1, 2, 3, 4), NO_BARS, LATER).rows(named=True)
    assert bar["open"] == 77.0


def test_a_recorded_candle_is_shown_only_where_there_is_no_minute() -> None:
    before = NOON - timedelta(minutes=5)
    recorded = pl.concat([_candle(55.0, time=before), _candle(66.0)])
    bars = bars_as_of(NO_BARS, _minutes(3), recorded, LATER)
    assert bars.select("time", "open", "row_count").rows() == [(before, 55.0, 5), (NOON, 9.0, 1)]


def test_a_recorded_candle_gives_way_to_minutes_of_a_bucket_that_is_still_open() -> None:
    assert bars_as_of(NO_BARS, _minutes(0), _candle(66.0), NOON + 2 * MINUTE).is_empty()


def test_bars_come_by_pair_and_time() -> None:
    second = NOON + timedelta(minutes=5)
    minutes = pl.concat([_minutes(0, pair=1, start=second), _minutes(0, pair=2)])
    bars = bars_as_of(_candle(10.0), minutes, NO_BARS, LATER)
    assert bars.select("instrument_id", "time").rows() == [(1, NOON), (1, second), (2, NOON)]
