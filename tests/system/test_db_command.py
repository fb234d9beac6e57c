"""`hydra db`, as a person uses it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from hydra.db.roles import Role
from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.servers.editions import server_folder
from tests.support.servers.logins import ENVIRONMENT

Hydra = Callable[..., Answer]


@pytest.fixture(scope="module")
def hydra() -> Iterator[Hydra]:
    """The command line over a private server of its own."""
    with server_folder() as folder:
        environment = {key: value for key, value in os.environ.items() if key != "HYDRA_DATABASE_URL"}
        environment["HYDRA_STATE_DIRECTORY"] = str(folder / "state")

        def run(*arguments: str, **more: str) -> Answer:
            if arguments[0] != "psql":
                return command_line.hydra("db", *arguments, environment={**environment, **more})
            # psql takes the place of the process.
            done = subprocess.run(
                [sys.executable, "-m", "hydra", "db", *arguments],
                env={**environment, **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            return Answer(done.returncode, done.stdout, done.stderr)

        try:
            yield run
        finally:
            run("down")


def test_from_nothing_to_a_migrated_server_and_back(hydra: Hydra) -> None:
    before = hydra("status")
    assert before.status == 1
    assert "hydra db up" in before.err
    for _ in range(2):
        up = hydra("up")
        assert (up.status, "schema revision" in up.err) == (0, True), up.err
    status = hydra("status")
    assert all(word in status.out for word in ("private", "apache", "PostgreSQL 17", "revision")), status
    assert hydra("down").status == 0
    assert hydra("status").status == 1
    assert hydra("down").status == 0


def test_the_password_is_printed_only_on_request(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    assert ":" not in hydra("url").out.partition("//")[2].partition("@")[0]
    assert ":" in hydra("url", "--with-password").out.partition("//")[2].partition("@")[0]


def test_psql_opens_the_database(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    done = hydra("psql", "-At", "-c", "SELECT to_regclass('market.instruments') IS NOT NULL")
    assert done.out.strip() == "t", done.err


def test_psql_is_the_reader_unless_the_owner_is_asked_for(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    who = ("-At", "-c", "SELECT current_user, current_setting('TimeZone')")
    assert hydra("psql", *who, PGTZ="Asia/Tokyo").out.strip() == "hydra_reader|UTC"
    assert hydra("psql", "--owner", *who).out.strip() == "hydra_owner|UTC"
    refused = hydra("psql", "-c", "DELETE FROM hydra.runs")
    assert (refused.status != 0, "read-only" in refused.err) == (True, True)
    assert hydra("psql", "--owner", "-c", "DELETE FROM hydra.runs").status == 0


def test_a_second_up_of_another_verb_says_nothing(hydra: Hydra) -> None:
    """Four header lines stood before the answer of every command."""
    assert hydra("up").status == 0
    done = hydra("reset", "--runs", "--yes")
    assert (done.status, done.err) == (0, "There are no runs to delete.\n")


def test_remove_deletes_the_data_and_names_the_place(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    row = next(line for line in hydra("status").out.splitlines() if line.startswith("data "))
    data = Path(row.removeprefix("data").strip())
    assert data.is_dir()
    done = hydra("remove", "--yes")
    assert (done.status, f"Deleted the private server's data in {data.parent}." in done.err) == (
        0,
        True,
    )
    assert not data.parent.exists()


def test_reset_needs_a_yes_and_then_empties_the_database(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    assert hydra("psql", "--owner", "-c", "CREATE TABLE mine (x int)").status == 0
    assert hydra("reset").status != 0
    assert hydra("psql", "--owner", "-At", "-c", "TABLE mine").status == 0
    assert hydra("reset", "--yes").status == 0
    assert hydra("psql", "--owner", "-At", "-c", "TABLE mine").status != 0


def test_a_server_of_ones_own_is_checked_migrated_and_never_reset(
    hydra: Hydra, empty_database_url: str
) -> None:
    own = {"HYDRA_DATABASE_URL": empty_database_url, **ENVIRONMENT}
    up = hydra("up", **own)
    assert (up.status, "Ready" in up.err) == (0, True), up.err
    # From now on the administrator is not needed.
    parts = make_url(empty_database_url)
    own["HYDRA_DATABASE_URL"] = f"postgresql://{parts.host}:{parts.port}/{parts.database}"
    assert hydra("up", **own).status == 0
    assert hydra("status", **own).status == 0
    reset = hydra("reset", "--yes", **own)
    assert reset.status == 1
    assert "HYDRA_DATABASE_URL is set" in reset.err


def test_a_server_of_ones_own_asks_for_a_password_for_each_login(
    hydra: Hydra, empty_database_url: str
) -> None:
    nothing = dict.fromkeys(ENVIRONMENT, "")
    for missing in ENVIRONMENT:
        own = {"HYDRA_DATABASE_URL": empty_database_url, **ENVIRONMENT, missing: ""}
        up = hydra("up", **own)
        assert (up.status, f"{missing} is not set" in up.err) == (1, True), up.err
    status = hydra("status", HYDRA_DATABASE_URL=empty_database_url, **nothing)
    assert "HYDRA_READER_PASSWORD is not set" in status.err


def test_the_passwords_are_files_of_the_caller_alone(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    row = next(line for line in hydra("status").out.splitlines() if line.startswith("data "))
    kept = sorted(Path(row.removeprefix("data").strip()).parent.glob("password*"))
    assert [path.name for path in kept] == ["password", *(f"password-{role}" for role in sorted(Role))]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert len({path.read_text() for path in kept}) == len(kept)


def test_a_lost_password_is_made_again(hydra: Hydra) -> None:
    assert hydra("up").status == 0
    row = next(line for line in hydra("status").out.splitlines() if line.startswith("data "))
    (Path(row.removeprefix("data").strip()).parent / "password-hydra_worker").unlink()
    refused = hydra("url", "--login", "worker")
    assert (refused.status, "run `hydra db up`" in refused.err) == (1, True)
    assert hydra("up").status == 0
    url = hydra("url", "--login", "worker", "--with-password").out.strip()
    with psycopg.connect(url) as worker:
        assert worker.execute("SELECT current_user").fetchone() == ("hydra_worker",)


def test_the_urls_for_other_programs_are_those_of_the_logins(hydra: Hydra) -> None:
    """What a dashboard is given reads, and nothing else."""
    assert hydra("up").status == 0
    assert hydra("url").out.startswith("postgresql://hydra_reader@127.0.0.1:")
    for login in ("reader", "worker", "owner"):
        url = hydra("url", "--login", login, "--with-password").out.strip()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT session_user").fetchone() == (f"hydra_{login}",)
    with psycopg.connect(hydra("url", "--with-password").out.strip()) as dashboard:
        assert dashboard.execute("SELECT count(*) FROM hydra.runs").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            dashboard.execute("DELETE FROM hydra.runs")


def test_an_unreachable_server_is_one_sentence_and_status_1(hydra: Hydra) -> None:
    up = hydra("up", HYDRA_DATABASE_URL="postgresql://u:topsecret@127.0.0.1:1/d")
    assert up.status == 1
    assert "cannot be used" in up.err
    assert "topsecret" not in up.err
    assert "Traceback" not in up.err


def test_a_place_that_cannot_be_written_is_one_sentence_and_status_1(hydra: Hydra) -> None:
    up = hydra("up", HYDRA_STATE_DIRECTORY="/dev/null/state")
    assert up.status == 1
    assert "/dev/null/state can be written" in up.err
    assert "Traceback" not in up.err


def test_a_message_with_brackets_is_printed_as_it_is(hydra: Hydra) -> None:
    """Paths and the server's log may hold what the terminal's colour codes look like."""
    up = hydra("up", HYDRA_STATE_DIRECTORY="/dev/null/[/a] [bold]state")
    assert "/dev/null/[/a] [bold]state can be written" in up.err
    assert "Traceback" not in up.err
