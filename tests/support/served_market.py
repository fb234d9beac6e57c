"""A simulated exchange of its own process, and how what it has sent compares with what is stored."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.request import Request, urlopen

import psycopg

from hydra.db.server.ports import choose_free

START_TIMEOUT_S = 180.0
GIVEN_BACK = ("candles_1m", "mark_prices", "funding_rates", "positioning", "trades")
"""What REST gives back of the time in which nobody listened."""
LOST = ("order_books", "liquidations", "premium_index")
STORED = """
    SELECT count(*) FROM market.{table} JOIN market.instruments USING (instrument_id)
    WHERE venue = %s AND exchange_symbol = %s AND time BETWEEN %s AND %s
"""
GAPS = """
    SELECT count(*) FROM market.gaps JOIN market.instruments USING (instrument_id)
    WHERE venue = %s AND exchange_symbol = %s AND source_table = %s AND filled_at IS NULL
"""


@dataclass(frozen=True)
class Compared:
    """Facts of one table and symbol: sent, stored of the same time, and recorded holes."""

    table: str
    symbol: str
    sent: int
    stored: int
    gaps: int


class ServedMarket:
    """The exchange at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer to GET, or to POST of `body`."""
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.url}{path}", data), timeout=30) as answer:  # noqa: S310  # loopback
            return json.load(answer)

    def answers(self) -> bool:
        """Whether it has started."""
        try:
            self.ask("/hydra/market")
        except OSError:
            return False
        return True

    def hold_until(self, instant: datetime) -> None:
        """Let it go on up to `instant`, and no further."""
        self.ask("/hydra/clock", {"hold_until": instant.isoformat()})

    def play_to(self, instant: datetime) -> None:
        """Let it go on up to `instant`, and wait until it is there: somebody has to listen."""
        self.hold_until(instant)
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.ask("/fapi/v1/time")["serverTime"] < instant.timestamp() * 1_000:
            assert time.monotonic() < deadline, "the exchange does not go on"
            time.sleep(0.1)

    def compared(self, database_url: str) -> list[Compared]:
        """What it has sent against what is stored."""
        told = self.ask("/hydra/sent")
        with psycopg.connect(database_url) as connection:
            return [
                Compared(
                    table,
                    symbol,
                    sent["count"],
                    _count(connection, table, (told["venue"], symbol, sent["first"], sent["last"])),
                    _holes(connection, (told["venue"], symbol, table)),
                )
                for table in (*GIVEN_BACK, *LOST)
                for symbol, sent in told["sent"][table].items()
                if sent["count"]
            ]


def _count(connection: psycopg.Connection, table: str, of: tuple[str, ...]) -> int:
    row = connection.execute(STORED.format(table=table), of).fetchone()
    return int(row[0]) if row else 0


def _holes(connection: psycopg.Connection, of: tuple[str, ...]) -> int:
    row = connection.execute(GAPS, of).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def served_market(*options: str) -> Iterator[ServedMarket]:
    """Serve a generated market from a process of its own, until the block ends."""
    port = choose_free()
    command = [sys.executable, "-m", "hydra", "exchange", "serve", "--port", str(port), *options]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL) as process:
        try:
            market = ServedMarket(f"http://127.0.0.1:{port}")
            deadline = time.monotonic() + START_TIMEOUT_S
            while not market.answers():
                assert process.poll() is None, "the exchange ended"
                assert time.monotonic() < deadline, "the exchange does not answer"
                time.sleep(0.05)
            yield market
        finally:
            process.terminate()
