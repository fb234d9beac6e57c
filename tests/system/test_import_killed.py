"""An import that is killed leaves whole files or nothing, and the next one completes it."""

import random
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from tests.support.import_command import (
    COMMAND,
    DAYS_PER_FILE,
    FIRST,
    ROWS_PER_FILE,
    environment,
    hydra_import,
    write_candles,
)
from tests.support.rollup_expectation import assert_rollups_equal_facts

SYMBOLS = ("BTCUSDT", "ETHUSDT")
STRETCHES = 6
KILLS = 5
ROWS_PER_STRETCH = (
    "SELECT instrument_id, time_bucket(%s, time, %s::timestamptz) AS stretch, count(*)"
    " FROM market.candles_1m GROUP BY 1, 2"
)
RECORDED = "SELECT count(*), coalesce(sum(rows_inserted), 0) FROM market.import_batches"


def test_kill_9_at_any_moment_leaves_whole_files_or_nothing(database_url: str, tmp_path: Path) -> None:
    for number in range(STRETCHES):
        for symbol in SYMBOLS:
            write_candles(tmp_path, symbol, number)
    chance = random.Random(20250301)
    with psycopg.connect(database_url, autocommit=True) as connection:
        files_in = [
            _kill_in_mid_import(database_url, tmp_path, connection, chance.randrange(1, 5), chance.random())
            for _ in range(KILLS)
        ]
        assert 0 < files_in[0] < STRETCHES * len(SYMBOLS), "the kill came before or after the import"
        done = hydra_import(database_url, "--json", str(tmp_path))
        assert done.status == 0, done.err
        assert _whole_files(connection) == STRETCHES * len(SYMBOLS)
        assert connection.execute("SELECT bool_and(rollups_fresh) FROM market.import_batches").fetchone() == (
            True,
        )
        assert_rollups_equal_facts(connection)


def _kill_in_mid_import(
    url: str, folder: Path, connection: psycopg.Connection, lines: int, fraction: float
) -> int:
    """Kill an import a moment after it has told of `lines` files; the number of files that are in."""
    with subprocess.Popen(
        [*COMMAND, str(folder)], env=environment(url), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert "new" in process.stdout.readline()
        time.sleep(fraction * 0.15)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    _wait_until_gone(connection)
    return _whole_files(connection)


def _wait_until_gone(connection: psycopg.Connection) -> None:
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hydra'"
    while connection.execute(query).fetchall():
        time.sleep(0.02)


def _whole_files(connection: psycopg.Connection) -> int:
    """How many files are in; each with all its rows, and with its record."""
    rows = connection.execute(ROWS_PER_STRETCH, (timedelta(days=DAYS_PER_FILE), FIRST)).fetchall()
    assert {count for _, _, count in rows} <= {ROWS_PER_FILE}
    assert connection.execute(RECORDED).fetchone() == (len(rows), len(rows) * ROWS_PER_FILE)
    return len(rows)
