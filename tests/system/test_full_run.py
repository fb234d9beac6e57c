"""`hydra run` over a stretch of the recorded markets: five layers, a trade, and no audit finds anything."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.engine import adbc_connect, connect
from hydra.db.server.private import DATABASE
from hydra.ingest.instruments import ensure_instruments
from tests.support.fact_writer import write_rows
from tests.support.recorded_market import ABSENT, is_recorded, recorded_rows
from tests.support.servers.migrated import migrated_server
from tests.support.synthetic_market import utc

# ADA has lost 5 % in a day, and its open interest falls by more than 2 % an hour.
FIRST, MINUTES = utc(2025, 6, 6, 9, 10), 30
HISTORY = timedelta(days=12)

pytestmark = pytest.mark.skipif(not is_recorded(), reason=ABSENT)


@pytest.fixture(scope="module")
def finished() -> Iterator[psycopg.Connection]:
    """A private server on which the stretch was run by the command that a user types."""
    with migrated_server() as (folder, cluster):
        prepare(cluster.url(DATABASE))
        run_command(folder)
        with connect(cluster.url(DATABASE), autocommit=True) as connection:
            yield connection


def prepare(url: str) -> None:
    with connect(url, autocommit=True) as connection:
        ensure_instruments(connection)
    with adbc_connect(url) as connection:
        write_rows(connection, recorded_rows(FIRST - HISTORY, FIRST + timedelta(minutes=MINUTES + 1)))


def run_command(folder: Path) -> None:
    end = FIRST + timedelta(minutes=MINUTES)
    words = ["--mode", "paper", "--market", "recorded", "--speed", "max"]
    span = ["--from", f"{FIRST:%Y-%m-%dT%H:%M}", "--to", f"{end:%Y-%m-%dT%H:%M}"]
    done = subprocess.run(
        [sys.executable, "-m", "hydra", "run", *words, *span],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr + log_of(folder)


def log_of(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "logs").glob("*.log"))


def test_every_minute_of_every_pair_is_decided(finished: psycopg.Connection) -> None:
    row = finished.execute(
        "SELECT (SELECT count(*) FROM hydra.cycles WHERE state = 'CLOSED'),"
        " (SELECT count(*) FROM hydra.assessments), (SELECT count(*) FROM hydra.features),"
        " (SELECT count(*) FROM hydra.risk_decisions), (SELECT count(*) FROM hydra.equity)"
    ).fetchone()
    assert row == (MINUTES, 8 * MINUTES, 8 * MINUTES, 8 * MINUTES, MINUTES)


def test_ltc_is_blocked_for_want_of_open_interest(finished: psycopg.Connection) -> None:
    rows = finished.execute(
        "SELECT DISTINCT reason_code, reason FROM hydra.assessments WHERE instrument_id = 7"
    ).fetchall()
    assert rows == [("DATA_MISSING", "BLOCK: missing: open_interest")]


def test_only_oi_divergence_fires_and_its_trade_can_be_followed_to_the_candle(
    finished: psycopg.Connection,
) -> None:
    sources = finished.execute("SELECT DISTINCT source FROM hydra.signals").fetchall()
    assert sources == [("OI_DIVERGENCE",)]
    lineage = finished.execute(
        "SELECT symbol, signal_source, risk_approved, candle_time = decision_time - interval '1 minute'"
        " FROM audit.trade_lineage WHERE role = 'ENTRY' ORDER BY fill_time LIMIT 1"
    ).fetchone()
    assert lineage == ("ADA/USDT:USDT", "OI_DIVERGENCE", True, True)


def test_the_audits_find_nothing(finished: psycopg.Connection) -> None:
    found = {finding.audit: finding.first_rows for finding in run_audits(finished) if not finding.is_clean}
    # The stretch is written without an import, which would list the holes that the recording has.
    found.pop("unrecorded_gap", None)
    assert found == {}
