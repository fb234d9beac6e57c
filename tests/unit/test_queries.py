"""SQL files are found by name, say what they answer, and nothing outside sql/ can be loaded."""

import re
from pathlib import Path

import pytest

from hydra.db import queries
from hydra.errors import StopError
from hydra.paths import SQL_DIRECTORY

ALL_FILES = sorted(SQL_DIRECTORY.rglob("*.sql"))


def test_a_named_query_is_the_text_of_its_file() -> None:
    assert queries.load("rollups/defer").splitlines()[-1] == "SET LOCAL hydra.rollups = 'deferred'"


def test_an_unknown_name_says_which_file_is_missing() -> None:
    with pytest.raises(StopError, match=r"no SQL file rollups/nothing\.sql"):
        queries.load("rollups/nothing")


def test_a_name_cannot_lead_out_of_the_folder() -> None:
    with pytest.raises(StopError, match="no SQL file"):
        queries.load("../tests/anything")


def test_names_lists_a_folder_as_load_takes_them() -> None:
    names = queries.names("audits")
    assert "audits/crossed_book" in names
    assert all(queries.load(name) for name in names)


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_every_file_starts_with_what_it_answers(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("-- ")
    assert len(first) > 12


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_every_file_stays_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_no_file_asks_for_not_in_a_query(path: Path) -> None:
    """Beyond the memory of a hash it is as slow as rows times rows; and one null makes it answer nothing."""
    assert not re.search(r"NOT\s+IN\s*\(\s*SELECT", path.read_text(encoding="utf-8"), re.IGNORECASE)
