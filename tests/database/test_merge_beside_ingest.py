"""History that is fetched while another process stores one of its rows."""

import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import psycopg
import pytest

from hydra.arrays import TIME
from hydra.ingest.fact_tables import FACT_TABLES
from hydra.ingest.merge import Merged, merge_rows
from tests.support.rows import add, candle, import_batch
from tests.support.waiting import PATIENCE_S, wait_until

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PRICES = (100.0, 102.0, 99.0, 101.0)
WAITS = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


@pytest.mark.parametrize(("close", "expected"), [(101.0, Merged(2, 1, 0, 0)), (100.5, Merged(2, 0, 1, 1))])
def test_a_row_that_ingest_stores_meanwhile_is_merged(
    database_url: str, close: float, expected: Merged
) -> None:
    """It was not there when the range was looked at; the copy then meets it."""
    times = [START + number * MINUTE for number in range(3)]
    known = {"time": times, "known_at": [time + MINUTE for time in times]}
    numbers = dict(zip(("open", "high", "low", "close", "volume"), (*PRICES, 1.0), strict=True))
    unknown = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    rows = pl.DataFrame(known).cast(TIME).with_columns(**{name: pl.lit(one) for name, one in numbers.items()})
    rows = rows.with_columns(**dict.fromkeys(unknown, pl.lit(None, pl.Float64))).with_columns(
        trade_count=pl.lit(None, pl.Int32)
    )
    found: list[Merged] = []
    with psycopg.connect(database_url) as ingest, psycopg.connect(database_url) as backfill:
        add(backfill, "market.import_batches", {**import_batch("candles_1m"), "batch_id": 7})
        add(ingest, "market.candles_1m", candle(1, times[1], times[1] + MINUTE, (*PRICES[:3], close)))

        def merge() -> None:
            with backfill.transaction():
                found.append(merge_rows(backfill, FACT_TABLES["candles_1m"], 1, rows, 7))

        merging = threading.Thread(target=merge)
        merging.start()
        with psycopg.connect(database_url, autocommit=True) as watch:
            pid = (backfill.info.backend_pid,)
            wait_until(lambda: bool(watch.execute(WAITS, pid).fetchall()), "the copy meets the row")
            ingest.commit()
            merging.join(PATIENCE_S)
            backfill.rollback()
            watch.execute("DELETE FROM market.candles_1m")
    assert found == [expected]
