"""The simulated exchange over recorded history: what is stored is served, what is not is not sent."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import psycopg
import pytest

from hydra.db.arrow import arrow_reader
from hydra.db.edition import Edition
from hydra.db.engine import adbc_connect, connect
from hydra.exchange.connect import market_data
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.instruments import load_instrument_terms
from hydra.exchange.interface import Feed, MarketData
from hydra.exchange.messages import ClosedCandle
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import Settings
from hydra.sim.exchange.recorded import RecordedSource
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import listed_pair
from hydra.universe import UNIVERSE
from tests.support.fact_writer import write_rows
from tests.support.recorded_market import ABSENT, is_recorded, recorded_rows
from tests.support.servers.databases import TestServer
from tests.support.waiting import soon

pytestmark = pytest.mark.skipif(not is_recorded(), reason=ABSENT)

START: Final = datetime(2025, 6, 10, tzinfo=UTC)
MINUTES: Final = 8
END: Final = START + timedelta(minutes=MINUTES)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
BTC: Final = "BTCUSDT"
PAIRS: Final = UNIVERSE[:2]
_IS_MISSING: Final = (pl.col("instrument_id") == PAIRS[1].instrument_id) & (
    pl.col("time") == START + timedelta(minutes=3)
)
_IS_SERVED: Final = pl.col("instrument_id").is_in([pair.instrument_id for pair in PAIRS])


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database with 31 recorded days of two pairs; one candle of one of them is missing."""
    with servers[Edition.APACHE].migrated() as url:
        with closing(connect(url, autocommit=True)) as connection:
            ensure_instruments(connection)
        with adbc_connect(url) as connection:
            rows = recorded_rows(START - 31 * DAY, END + HOUR)
            rows = {name: frame.filter(_IS_SERVED) for name, frame in rows.items()}
            write_rows(connection, rows | {"candles_1m": rows["candles_1m"].filter(~_IS_MISSING)})
        yield url


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


def stored(url: str, table: str, columns: tuple[str, ...], start: datetime, end: datetime) -> pl.DataFrame:
    with closing(connect(url)) as connection:
        rows = connection.execute(
            f"SELECT {', '.join(columns)} FROM market.{table} "  # noqa: S608  # names of this file
            "WHERE instrument_id = 1 AND time >= %s AND time < %s ORDER BY time",
            (start, end),
        ).fetchall()
    return pl.DataFrame(rows, list(columns), orient="row")


def test_history_and_closed_candles_are_what_is_stored(url: str) -> None:
    """Read by HYDRA's client over unmodified ccxt; quote volumes and takers are not in these records."""

    async def run(source: RecordedSource) -> None:
        exchange = Exchange(source, Serving(0.0, None, port=0))
        async with exchange.running() as port:
            settings = Settings.model_validate({"exchange_url": f"http://127.0.0.1:{port}"})
            market = await asyncio.to_thread(market_data, settings, "simulated")
            try:
                await compare(market)
            finally:
                await market.close()

    async def compare(market: MarketData) -> None:
        assert market.capabilities.venue.startswith("simulated-exchange-recorded-")
        assert market.capabilities.streams == {Feed.CANDLES}
        await ExchangeClock().measure(market.server_clock)
        for table, start, columns in (
            ("candles_1m", START - 2 * HOUR, ("time", "open", "high", "low", "close", "volume")),
            ("funding_rates", START - DAY, ("time", "rate")),
            ("open_interest", START - DAY, ("time", "contracts", "value_usd")),
            ("positioning", START - DAY, ("time", "long_short_ratio", "taker_buy_sell_ratio")),
        ):
            end = START - timedelta(minutes=5)
            found = await market.history(table, BTC, start, end)
            expected = stored(url, table, columns, start, end)
            assert expected.height
            assert found.select(columns).rows() == expected.rows(), table
        heard: list[ClosedCandle] = []

        def hear(_name: str, frame: bytes) -> None:
            message = market.parse(frame)
            if isinstance(message, ClosedCandle):
                heard.append(message)

        listening = asyncio.ensure_future(market.listen("all", (Feed.CANDLES,), [BTC], hear))
        await soon(lambda: len(heard) == MINUTES)
        listening.cancel()
        numbers = ("open", "high", "low", "close", "volume")
        expected = stored(url, "candles_1m", numbers, START, END)
        assert [tuple(getattr(one, name) for name in numbers) for one in heard] == expected.rows()
        assert {(one.quote_volume, one.trade_count, one.taker_buy_volume) for one in heard} == {
            (None, None, None)
        }

    pairs = tuple(listed_pair(one) for one in load_instrument_terms()[:2])
    ids = tuple(pair.instrument_id for pair in PAIRS)
    with arrow_reader(url) as reader:
        asyncio.run(run(RecordedSource(reader, ids, pairs, START, END)))


@pytest.fixture(scope="module")
def decided(url: str) -> Iterator[psycopg.Connection]:
    """The database after a run over the served history."""
    words = (
        "run", "--exchange", "simulated", "--market", "recorded", "--from", f"{START:%Y-%m-%dT%H:%M}",
        "--to", f"{END:%Y-%m-%dT%H:%M}", "--speed", "max", "--pairs", "BTC,ETH",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "hydra", *words],
        env={**os.environ, "HYDRA_DATABASE_URL": url},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with closing(connect(url, autocommit=True)) as connection:
        yield connection


def test_a_run_declares_only_what_is_sent_and_is_not_blocked_by_the_rest(decided: psycopg.Connection) -> None:
    run = decided.execute("SELECT label, feeds, config->'exchange'->>'venue' FROM hydra.runs").fetchone()
    assert run is not None
    assert (run[0], run[1]) == ("simulated", [])
    assert run[2].startswith("simulated-exchange-recorded-")


def test_a_candle_that_is_not_recorded_does_not_stop_the_time(decided: psycopg.Connection) -> None:
    """Nothing else is heard in that minute; only the pair without it is blocked."""
    cycles = decided.execute("SELECT count(*), count(*) FILTER (WHERE state = 'CLOSED') FROM hydra.cycles")
    assert cycles.fetchone() == (MINUTES - 1, MINUTES - 1)
    blocked = decided.execute(
        "SELECT DISTINCT base FROM hydra.assessments JOIN market.instruments USING (instrument_id) "
        "WHERE reason_code IN ('DATA_MISSING', 'DATA_STALE')"
    )
    assert blocked.fetchall() == [("ETH",)]
