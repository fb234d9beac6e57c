"""When an imported fact was known: the lag of its table after its grid time and after its own stamp."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.exchange.archive.known_at import LAGS, known_at
from hydra.features.facts import SOURCES
from hydra.ingest.fact_tables import FACT_TABLES

GRID = datetime(2025, 6, 1, 8, tzinfo=UTC)
LENGTH_SECONDS = {"candles_1m": 60, "candles_5m_recorded": 300}
"""Of bars, which lie under their open time."""
FRAMES = {"candles_5m_recorded": "candles_5m", "open_interest": "open_interest_5m"}
"""What the facts of a table are called where features read them."""


def found(table: str, stamp: datetime | None) -> datetime:
    times = pl.DataFrame({"grid": [GRID], "own": pl.Series([stamp], dtype=pl.Datetime("us", "UTC"))})
    moment = times.select(known_at(table, pl.col("grid"), pl.col("own"))).item()
    assert isinstance(moment, datetime)
    return moment


@pytest.mark.parametrize("table", LAGS)
@given(milliseconds=st.integers(-300_000, 300_000))
def test_a_fact_is_known_a_lag_after_the_later_of_grid_and_stamp(table: str, milliseconds: int) -> None:
    stamp = GRID + timedelta(milliseconds=milliseconds)
    assert found(table, stamp) == max(GRID, stamp) + LAGS[table]


@pytest.mark.parametrize("table", LAGS)
def test_a_fact_without_a_stamp_of_its_own_is_known_a_lag_after_its_grid_time(table: str) -> None:
    assert found(table, None) == GRID + LAGS[table]


@pytest.mark.parametrize(
    "table", sorted(LAGS.keys() - {"mark_prices", "liquidations", "trades", "order_books"})
)
def test_importers_and_features_have_the_same_lags(table: str) -> None:
    lag = SOURCES[FRAMES.get(table, table)].lag
    assert LAGS[table] + timedelta(seconds=LENGTH_SECONDS.get(table, 0)) == lag


def test_every_table_that_history_goes_into_has_a_lag() -> None:
    assert set(LAGS) == set(FACT_TABLES)
