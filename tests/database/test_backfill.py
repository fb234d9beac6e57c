"""Backfill by REST: pages come in once, in any number of attempts; holes are gaps, rollups are up to date."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest

from hydra.errors import BadDataError, RetryError
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.interface import Capabilities
from hydra.ingest.backfill import Filled, backfill, series_of
from hydra.ingest.instruments import ensure_instruments
from hydra.ingest.rollup_freshness import finish_rollups

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 3_000
PAGE = 400
NOW = START + timedelta(minutes=MINUTES)
IDS = {"BTCUSDT": 1, "ETHUSDT": 2}
ALL = ("candles_1m", "mark_prices", "funding_rates")


def bars(hole: range = range(0)) -> pl.DataFrame:
    """A bar a minute but for the minutes of `hole`."""
    minutes = [minute for minute in range(MINUTES) if minute not in hole]
    times = pl.Series("time", [START + timedelta(minutes=minute) for minute in minutes])
    prices = pl.Series([100.0 + minute % 7 for minute in minutes])
    return pl.DataFrame({"time": times.cast(pl.Datetime("us", "UTC"))}).with_columns(
        open=prices, high=prices + 1, low=prices - 1, close=prices
    )


def candles(hole: range = range(0)) -> pl.DataFrame:
    amounts = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    return bars(hole).with_columns(
        pl.lit(3, pl.Int32).alias("trade_count"), *(pl.lit(2.0).alias(name) for name in amounts)
    )


def settlements() -> pl.DataFrame:
    times = pl.Series("time", [START + timedelta(hours=8 * number) for number in range(6)])
    return pl.DataFrame({"time": times.cast(pl.Datetime("us", "UTC"))}).with_columns(
        rate=pl.lit(0.0001), interval_hours=pl.lit(8, pl.Int16), mark_price=pl.lit(100.0)
    )


@dataclass
class Archive:
    """An exchange whose past is in frames; after `answers` pages it cannot be reached any more.

    refuses: so many calls are refused at first.
    """

    frames: dict[str, pl.DataFrame]
    answers: int = 1_000_000
    refuses: int = 0
    asked: list[tuple[str, str, datetime]] = field(default_factory=list)
    distort: Callable[[pl.DataFrame], pl.DataFrame] = lambda page: page
    capabilities: Capabilities = BINANCE

    async def server_time(self) -> datetime:
        return NOW

    async def history(self, table: str, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        await asyncio.sleep(0)
        if self.refuses > 0:
            self.refuses -= 1
            raise RetryError("too many requests")
        if self.answers <= 0:
            raise RetryError("the exchange cannot be reached")
        self.answers -= 1
        self.asked.append((table, symbol, start))
        frame = self.frames[table]
        return self.distort(frame.filter(pl.col("time") >= start, pl.col("time") < end).head(PAGE))


def archive(hole: range = range(0), **options: Any) -> Archive:
    marks = bars(hole).with_columns(pl.lit(1, pl.Int16).alias("timeframe_minutes"))
    frames = {"candles_1m": candles(hole), "mark_prices": marks, "funding_rates": settlements()}
    return Archive(frames, **options)


def fill(url: str, exchange: Archive, tables: tuple[str, ...] = ALL) -> list[Filled]:
    return asyncio.run(backfill(url, exchange, IDS, tables, START, NOW))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is refused asks again at once."""
    monkeypatch.setattr("hydra.ingest.backfill.PAUSES_S", (0.0,) * 5)


@pytest.fixture
def url(database_url: str) -> str:
    """The module's database with its instruments, without facts."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        connection.execute("TRUNCATE market.backfills, market.gaps")
        connection.execute("TRUNCATE market.candles_1m, market.mark_prices, market.funding_rates")
    return database_url


def count(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        return (connection.execute(query).fetchone() or (None,))[0]


def test_every_row_of_the_range_comes_in_once(url: str) -> None:
    filled = fill(url, archive())
    assert {one.series.table: one.inserted for one in filled if one.series.instrument_id == 1} == {
        "candles_1m": MINUTES, "mark_prices": MINUTES, "funding_rates": 6,
    }  # fmt: skip
    assert count(url, "SELECT count(*) FROM market.candles_1m") == 2 * MINUTES
    assert count(url, "SELECT count(*) FROM market.candles_1m WHERE known_at <> time + interval '62 s'") == 0
    assert count(url, "SELECT count(*) FROM market.candles_5m_rollup") == 2 * MINUTES / 5
    assert count(url, "SELECT count(*) FROM market.gaps") == 0
    assert count(url, "SELECT count(*) FROM market.import_batches WHERE NOT rollups_fresh") == 0


def test_an_interrupted_backfill_goes_on_where_it_was(url: str) -> None:
    for _ in range(3):
        with pytest.raises(RetryError, match="cannot be reached"):
            fill(url, archive(answers=9))
    exchange = archive()
    filled = fill(url, exchange)
    assert count(url, "SELECT count(*) FROM market.candles_1m") == 2 * MINUTES
    assert count(url, "SELECT count(*) FROM market.candles_1m_versions") == 2 * MINUTES
    assert any(one.resumed_at is not None for one in filled)
    assert count(url, "SELECT sum(rows_inserted)::bigint FROM market.backfills") == 4 * MINUTES + 12


def test_a_page_that_is_refused_for_now_is_asked_again(url: str) -> None:
    exchange = archive(refuses=5)
    fill(url, exchange)
    assert exchange.refuses == 0
    assert count(url, "SELECT count(*) FROM market.candles_1m") == 2 * MINUTES


def test_another_process_that_refreshes_meanwhile_leaves_no_rollup_behind(url: str) -> None:
    def refreshing(page: pl.DataFrame) -> pl.DataFrame:
        with psycopg.connect(url, autocommit=True) as other:
            finish_rollups(other)
        return page

    fill(url, archive(distort=refreshing), ("candles_1m",))
    assert count(url, "SELECT sum(row_count)::bigint FROM market.candles_4h") == 2 * MINUTES


def test_a_second_backfill_asks_only_for_what_is_new(url: str) -> None:
    fill(url, archive())
    again = archive()
    filled = fill(url, again)
    assert sum(one.inserted + one.revised for one in filled) == 0
    assert len(again.asked) <= 2 * len(filled)


def test_what_the_exchange_does_not_have_is_a_gap(url: str) -> None:
    fill(url, archive(hole=range(1_000, 1_010)))
    missing = "SELECT sum(missing_rows)::bigint FROM market.gaps WHERE source_table = 'candles_1m'"
    assert count(url, missing) == 2 * 10


def test_another_value_for_a_stored_fact_is_kept_aside(url: str) -> None:
    fill(url, archive())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE market.backfills")
    other = archive()
    other.frames["candles_1m"] = candles().with_columns(volume=pl.lit(9.0))
    filled = fill(url, other)
    assert sum(one.revised for one in filled) == 2 * MINUTES
    assert count(url, "SELECT count(*) FROM market.candles_1m WHERE volume = 9") == 0


def test_pages_that_go_back_in_time_are_refused(url: str) -> None:
    with pytest.raises(BadDataError, match="BTCUSDT: the exchange's candles_1m from 2025-06-01 00:00 on"):
        fill(url, archive(distort=lambda page: page.reverse()), ("candles_1m",))
    assert count(url, "SELECT count(*) FROM market.candles_1m") == 0


def test_what_is_kept_for_thirty_days_is_not_asked_for_further_back() -> None:
    series = series_of(IDS, ("candles_1m", "open_interest"), NOW - timedelta(days=90), NOW, NOW)
    oldest = {one.table: NOW - one.start for one in series}
    assert oldest == {
        "candles_1m": timedelta(days=90), "open_interest": timedelta(days=30) - timedelta(minutes=10)
    }  # fmt: skip
