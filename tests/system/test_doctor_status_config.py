"""`hydra doctor`, `hydra status` and `hydra config show` as a person runs them, on both editions."""

import json
import os
from contextlib import chdir

import pytest

from hydra.db.edition import Edition
from hydra.paths import PROJECT_ROOT
from hydra.settings import Settings
from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.servers.logins import ENVIRONMENT


def hydra(*arguments: str, **environment: str) -> Answer:
    """The command with only the given settings; wide enough not to fold its tables."""
    names = Settings.attribute_by_key()
    kept = {key: value for key, value in os.environ.items() if key not in names}
    with chdir(PROJECT_ROOT):
        return command_line.hydra(
            *arguments, environment={**kept, "COLUMNS": "200", **ENVIRONMENT, **environment}
        )


def test_doctor_finds_nothing_to_mend_on_a_migrated_server(database_url: str, edition: Edition) -> None:
    done = hydra("doctor", HYDRA_DATABASE_URL=database_url)
    assert done.status == 0, done.out + done.err
    for subject in ("python", "disk", "settings", "database", "clock", "schema", "facts"):
        assert subject in done.out
    assert f"({edition.value} edition)" in done.out


def test_doctor_names_a_schema_that_is_missing(empty_database_url: str) -> None:
    done = hydra("doctor", HYDRA_DATABASE_URL=empty_database_url)
    assert done.status == 1
    assert "revision none" in done.out
    assert "hydra db up" in done.out


def test_doctor_says_in_one_line_that_the_server_is_not_there() -> None:
    done = hydra("doctor", HYDRA_DATABASE_URL="postgresql://u:topsecret@127.0.0.1:1/d")
    assert done.status == 1
    assert "cannot be used" in done.out
    assert "topsecret" not in done.out + done.err


def test_doctor_reports_a_wrong_setting_and_goes_no_further() -> None:
    done = hydra("doctor", MAX_LEVERAGE="0.5")
    assert done.status == 1
    assert "MAX_LEVERAGE" in done.out
    assert "database" not in done.out


def test_status_of_an_empty_database_says_how_to_load_a_market(database_url: str) -> None:
    done = hydra("status", HYDRA_DATABASE_URL=database_url)
    assert done.status == 0, done.err
    assert "No market is stored yet" in done.out
    assert "rollups up to date" in done.out


def test_status_before_the_schema_is_one_sentence(empty_database_url: str) -> None:
    done = hydra("status", HYDRA_DATABASE_URL=empty_database_url)
    assert done.status == 1
    assert "does not exist" in done.err
    assert "hydra db up" in done.err
    assert "Traceback" not in done.err


def test_config_show_prints_every_key_and_no_secret() -> None:
    done = hydra("config", "show", "--json", BINANCE_API_SECRET="hush", MAX_POSITIONS="3")
    assert done.status == 0, done.err
    shown = json.loads(done.out)["settings"]
    assert set(shown) == set(Settings.attribute_by_key())
    assert (shown["BINANCE_API_SECRET"], shown["MAX_POSITIONS"]) == ("set", "3")
    assert "hush" not in done.out


@pytest.mark.parametrize("command", [("config", "show"), ("status",), ("doctor",)])
def test_a_misspelt_setting_is_one_sentence_and_status_1(command: tuple[str, ...]) -> None:
    done = hydra(*command, HYDRA_DATABSE_URL="postgresql://x/y")
    assert done.status == 1
    assert "did you mean HYDRA_DATABASE_URL" in done.out + done.err
    assert "Traceback" not in done.err
