"""Migrations: an empty database is built from sql/schema, an older one is changed to the same."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory

from hydra.db.alembic_migrations import alembic_config
from hydra.db.migrate import current_revision, head_revision, upgrade_to_head
from hydra.errors import DatabaseError
from hydra.paths import SQL_DIRECTORY
from tests.support.before_0011 import NOT_RUN, checkout, has_commit, run_there
from tests.support.catalogue import differences, snapshot
from tests.support.rollup_expectation import assert_rollups_equal_facts, stored

UPGRADE = "import sys; from hydra.db.migrate import upgrade_to_head; upgrade_to_head(sys.argv[1])"


CYCLES_OF_0010 = """
INSERT INTO hydra.runs (mode, market_origin, label, feeds, config, config_hash, decision_set,
    feature_set_version, cost_model_version, code_version)
VALUES ('paper', 'generated', 'simulated', '{}', '{}', '', 'readings', '', '', '');
INSERT INTO hydra.cycles (run_id, time, state, as_of)
VALUES (1, '2025-06-01 00:00Z', 'SETTLED', '2025-06-01 00:00Z')
"""
FACTS_OF_0010 = """
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)
SELECT 1, minute, minute + interval '1 minute', 2, 3, 1, 2, 10
FROM generate_series(timestamptz '2025-06-01 00:00Z', '2025-06-01 05:00Z', interval '1 minute') AS minute;
INSERT INTO market.open_interest (instrument_id, time, known_at, contracts, value_usd)
SELECT 1, poll, poll, 5, 10
FROM generate_series(timestamptz '2025-06-01 00:00Z', '2025-06-01 00:20Z', interval '15 seconds') AS poll;
INSERT INTO market.liquidations (instrument_id, time, known_at, side, price, quantity, value_usd)
VALUES (1, '2025-06-01 00:03:30Z', '2025-06-01 00:03:31Z', 'LONG', 2, 3, 6)
"""


def upgrade_in_process(url: str) -> int:
    """Alembic keeps its state in the process, so that two upgrades at once are two processes."""
    return subprocess.run([sys.executable, "-c", UPGRADE, url], check=False).returncode


def test_there_is_one_line_of_revisions_and_each_has_its_file() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert scripts.get_heads() == revisions[:1] == [head_revision()]
    files = {path.stem.partition("_")[0] for path in (SQL_DIRECTORY / "migrations").glob("*.sql")}
    assert sorted(files) == revisions[-2::-1]


def test_a_database_without_migrations_has_no_revision(empty_database_url: str) -> None:
    assert current_revision(empty_database_url) is None


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    before = snapshot(database_url)
    upgrade_to_head(database_url)
    assert differences(before, snapshot(database_url)) == []
    assert current_revision(database_url) == head_revision()


def test_two_upgrades_at_once_do_not_collide(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(upgrade_in_process, empty_database_url) for _ in range(2)]:
            assert done.result() == 0
    assert current_revision(empty_database_url) == head_revision()


def test_a_database_of_revision_0010_becomes_what_a_new_one_is(
    empty_database_url: str, database_url: str
) -> None:
    if not has_commit():
        pytest.skip(NOT_RUN)
    run_there(checkout(), ["-c", UPGRADE, empty_database_url], empty_database_url)
    assert current_revision(empty_database_url) == "0010"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(CYCLES_OF_0010)
        connection.execute(FACTS_OF_0010)
        upgrade_to_head(empty_database_url)
        assert len(stored(connection, "candles_4h")) == 2
        assert_rollups_equal_facts(connection)
        state = connection.execute(
            "SELECT state, readings_hash FROM hydra.cycles JOIN hydra.runs USING (run_id)"
        )
        assert state.fetchall() == [("FILLS_BOOKED", "readings")]
    assert differences(snapshot(database_url), snapshot(empty_database_url)) == []
    assert current_revision(empty_database_url) == head_revision()


def test_a_revision_that_this_checkout_does_not_know_is_named(empty_database_url: str) -> None:
    upgrade_to_head(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0007'")
    with pytest.raises(DatabaseError, match=r"cannot migrate .*0007.* use that version, or another database"):
        upgrade_to_head(empty_database_url)


def test_an_unreachable_server_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseError) as raised:
        upgrade_to_head("postgresql://someone:s3cret@127.0.0.1:1/nowhere")
    assert "s3cret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)
