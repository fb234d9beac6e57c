"""The outage of a generated market is a recorded gap, as one of a recorded market is."""

from datetime import UTC, datetime

from hydra.db import queries
from hydra.db.engine import connect
from hydra.ingest.simulated import store_market
from hydra.sim.market.settings import MarketSettings, Scenario

MINUTES = 1440
SETTINGS = MarketSettings(
    seed=3,
    start=datetime(2025, 3, 1, tzinfo=UTC),
    pairs=1,
    scenarios=(Scenario.OUTAGE,),
    book_interval_seconds=0,
)


def test_every_hole_of_a_generated_market_is_recorded(database_url: str) -> None:
    store_market(database_url, SETTINGS, MINUTES)
    with connect(database_url) as connection:
        stored = connection.execute("SELECT count(*) FROM market.candles_1m").fetchone()
        missing = connection.execute("SELECT sum(missing_rows) FROM market.gaps").fetchone()
        unrecorded = connection.execute(queries.load("audits/unrecorded_gap")).fetchall()
    assert stored is not None
    assert missing is not None
    assert 0 < missing[0] == MINUTES - stored[0]
    assert unrecorded == []
