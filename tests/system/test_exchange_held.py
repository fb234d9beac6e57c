"""A simulated exchange that waits for a decision sends nothing: what was lost before must not stop time."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.served_market import served_market
from tests.support.servers.databases import TestServer

START: Final = datetime(2025, 6, 1, tzinfo=UTC)
LOST_FROM: Final = START + timedelta(minutes=2)
HELD_AT: Final = START + timedelta(minutes=4, seconds=3)
PATIENCE_S: Final = 60.0


@pytest.fixture
def connection(
    servers: dict[Edition, TestServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection]:
    """An empty database of the house's schema, which processes find too."""
    with servers[Edition.APACHE].migrated() as url, closing(connect(url, autocommit=True)) as connection:
        monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
        monkeypatch.setenv("HYDRA_DATABASE_URL", url)
        yield connection


def wait_until_stored(connection: psycopg.Connection, instant: datetime) -> None:
    """Wait until everything up to `instant` is stored: a minute that closed two seconds before is decided."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = connection.execute("SELECT committed_through FROM market.ingest_progress").fetchone()
        if found and found[0] and found[0] >= instant:
            return
        assert time.monotonic() < deadline, f"stored to {found}"
        time.sleep(0.1)


def test_the_time_goes_on_to_where_the_exchange_is_held(connection: psycopg.Connection) -> None:
    options = ("--seed", "3", "--from", f"{START:%Y-%m-%dT%H:%M}", "--speed", "max", "--pairs", "BTC,ETH")
    with served_market(*options) as market:
        command = [sys.executable, "-m", "hydra", "ingest", "--exchange", "simulated", "--pairs", "BTC,ETH"]
        with subprocess.Popen(command, env=os.environ | {"EXCHANGE_URL": market.url}) as ingest:
            try:
                market.play_to(LOST_FROM)
                wait_until_stored(connection, LOST_FROM)
                market.ask("/hydra/faults", {"faults": [{"kind": "drop", "seed": 1}]})
                market.play_to(HELD_AT)
                market.ask("/hydra/faults", {"faults": []})
                wait_until_stored(connection, HELD_AT)
            finally:
                ingest.terminate()
