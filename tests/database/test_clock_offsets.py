"""Comparisons of the clocks, as decisions see them: only those that agree count."""

from contextlib import closing
from datetime import timedelta

import pytest

from hydra.db.engine import adbc_connect, connect
from hydra.features.engine.decision_frame import decision_frame
from hydra.features.reading.window import MarketWindow
from hydra.ingest.instruments import ensure_instruments
from tests.support.rows import add
from tests.support.synthetic_market import utc

T = utc(2025, 6, 10, 12)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        pytest.param(0.5, None, id="none yet"),
        pytest.param(2.5, 1.5, id="the first"),
        pytest.param(40.0, 9.0, id="the second, 0.9 s off"),
        pytest.param(100.0, 69.0, id="those that were 3 s off do not count"),
    ],
)
def test_the_age_of_the_clock_is_that_of_the_last_comparison_that_agreed(
    database_url: str, seconds: float, age: float | None
) -> None:
    with closing(connect(database_url)) as connection:
        ensure_instruments(connection)
        connection.execute("DELETE FROM market.clock_offsets")
        for after, offset in ((1.0, 20.0), (31.0, -900.0), (61.0, 3_000.0), (91.0, -3_000.0)):
            row = {"venue": "binance", "time": T + timedelta(seconds=after), "offset_ms": offset}
            add(connection, "market.clock_offsets", {**row, "round_trip_ms": 30.0})
        connection.commit()
    with adbc_connect(database_url) as reading:
        window = MarketWindow.load(reading, (1, 2), T)
        ages = decision_frame(window.advance(T + timedelta(seconds=seconds)), T + timedelta(seconds=seconds))
    assert ages["clock_age_seconds"].to_list() == ([] if age is None else [age, age])
