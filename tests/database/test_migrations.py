"""Migrations: one head, up, down, and every step leaves what the step before had left."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hydra.db.migrate import (
    alembic_config,
    compared_name,
    compared_object,
    current_revision,
    downgrade_to,
    engine_for,
    head_revision,
    upgrade_to,
    upgrade_to_head,
)
from hydra.db.schema import METADATA
from hydra.errors import DatabaseError
from tests.support.catalogue import differences, snapshot

REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory.from_config(alembic_config()).walk_revisions()))
]


def upgrade_in_process(url: str) -> int:
    """Alembic keeps its state in the process, so that two upgrades at once are two processes."""
    code = "import sys; from hydra.db.migrate import upgrade_to_head; upgrade_to_head(sys.argv[1])"
    return subprocess.run([sys.executable, "-c", code, url], check=False).returncode


def test_there_is_one_head_and_it_is_the_last_revision() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [REVISIONS[-1]]
    assert head_revision() == REVISIONS[-1]


def test_a_database_without_migrations_has_no_revision(empty_database_url: str) -> None:
    assert current_revision(empty_database_url) is None


def test_every_step_up_down_up_leaves_the_same_catalogue(empty_database_url: str) -> None:
    before, previous = snapshot(empty_database_url), "base"
    for revision in REVISIONS:
        upgrade_to(empty_database_url, revision)
        after = snapshot(empty_database_url)
        assert differences(before, after), f"{revision} changes nothing"
        downgrade_to(empty_database_url, previous)
        assert differences(before, snapshot(empty_database_url)) == []
        upgrade_to(empty_database_url, revision)
        assert differences(after, snapshot(empty_database_url)) == []
        before, previous = after, revision


def test_all_the_way_down_leaves_nothing(empty_database_url: str) -> None:
    before = snapshot(empty_database_url)
    upgrade_to_head(empty_database_url)
    downgrade_to(empty_database_url, "base")
    assert differences(before, snapshot(empty_database_url)) == []
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


def test_metadata_equals_migrations(database_url: str) -> None:
    engine = engine_for(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": compared_name,
                "include_object": compared_object,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, METADATA) == []


def test_an_unreachable_server_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseError) as raised:
        upgrade_to_head("postgresql://someone:s3cret@127.0.0.1:1/nowhere")
    assert "s3cret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)
