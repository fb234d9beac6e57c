"""Replays of invented frames, and what the tables hold after them."""

from collections.abc import Iterable
from pathlib import Path

import psycopg

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.exchange.binance import parsers
from hydra.exchange.capture import CapturedFrame, CaptureWriter
from hydra.ingest.live.replay import CaptureReplay, Parsers
from tests.support.servers.logins import as_role

BINANCE = Parsers(parsers.parse, parsers.depth_snapshot)
TABLES = (
    "trades",
    "candles_1m",
    "premium_index",
    "mark_prices",
    "order_books",
    "liquidations",
    "feed_heartbeats",
)


def write_capture(folder: Path, frames: Iterable[CapturedFrame]) -> int:
    """Write `frames` into `folder`; how many."""
    writer = CaptureWriter(folder)
    count = 0
    for frame in frames:
        writer.write(*frame)
        count += 1
    writer.close()
    return count


def replay_of(folder: Path, url: str, state: Path, name: str = "test") -> CaptureReplay:
    """A replay of `folder` into the database of `url`, as the worker."""
    return CaptureReplay(
        folder=folder,
        name=name,
        parsers=BINANCE,
        url=as_role(url, Role.WORKER),
        spill=state / name,
        code_version="test",
    )


def counts(connection: psycopg.Connection, venue: str) -> dict[str, int]:
    """The rows of each table of `venue`."""
    query = (
        "SELECT count(*) FROM market.{} WHERE instrument_id IN "
        "(SELECT instrument_id FROM market.instruments WHERE venue = %s)"
    )
    return {
        table: connection.execute(query.format(table), (venue,)).fetchone()[0]  # type: ignore[index]
        for table in TABLES
    }


def counted(url: str, venue: str) -> dict[str, int]:
    """The same, on a connection of its own."""
    with connect(url) as connection:
        return counts(connection, venue)
