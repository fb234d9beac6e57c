"""Migrations: an empty database is built from sql/schema, an older one is changed to the same."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory

from hydra.db.migrate import alembic_config, current_revision, head_revision, upgrade_to_head
from hydra.errors import DatabaseError
from hydra.paths import SQL_DIRECTORY
from tests.support.before_0011 import NOT_RUN, checkout, has_commit, run_there
from tests.support.catalogue import differences, snapshot

UPGRADE = "import sys; from hydra.db.migrate import upgrade_to_head; upgrade_to_head(sys.argv[1])"


def upgrade_in_process(url: str) -> int:
    """Alembic keeps its state in the process, so that two upgrades at once are two processes."""
    return subprocess.run([sys.executable, "-c", UPGRADE, url], check=False).returncode


def test_there_is_one_line_of_revisions_and_each_has_its_file() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert scripts.get_heads() == revisions[:1] == [head_revision()]
    assert sorted(path.stem for path in (SQL_DIRECTORY / "migrations").glob("*.sql")) == revisions[-2::-1]


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
    with checkout() as folder:
        run_there(folder, ["-c", UPGRADE, empty_database_url], empty_database_url)
    assert current_revision(empty_database_url) == "0010"
    upgrade_to_head(empty_database_url)
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
