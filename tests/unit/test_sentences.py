"""Errors that no verb expected still end in a sentence; what a defect needs to be found is kept in a file."""

from pathlib import Path

import psycopg
import pytest

from hydra.answers.timestamps import parse_minute
from hydra.cli.sentences import DEFECT, FAILED, _status_and_sentence
from hydra.errors import StopError


def test_a_defect_is_one_sentence_and_its_details_a_file_for_this_account_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    status, sentence = _status_and_sentence(OverflowError("date value out of range"))
    (kept,) = (tmp_path / "hydra" / "defects").iterdir()
    assert status == DEFECT
    assert sentence == (
        "this is a defect of HYDRA (OverflowError: date value out of range). "
        f"Please report it with its details, which are in {kept}"
    )
    assert "OverflowError: date value out of range" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_defect_whose_details_cannot_be_kept_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    status, sentence = _status_and_sentence(KeyError("x"))
    assert status == DEFECT
    assert "could not be written to /dev/null/hydra/defects" in sentence


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(28, "No space left on device", "/a/b.html"),
            "/a/b.html: No space left on device: correct that",
        ),
        (OSError(36, "File name too long", b"\xff" * 3), "File name too long"),
        (MemoryError(), "the memory of this machine does not suffice"),
        (psycopg.errors.DiskFull("could not extend file"), "make room on the database's disk"),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(error: Exception, words: str) -> None:
    status, sentence = _status_and_sentence(error)
    assert status == FAILED
    assert words in sentence


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01", "0001-01-01T00:00+23:59", "9999-12-31T23:59", "9999-12-31T23:59-23:59",
        "1999-12-31T23:59",
        "2100-01-01", "2000-01-01T00:00+00:01",
    ],
)  # fmt: skip
def test_years_at_the_ends_of_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(StopError, match=r"--from .*: write a time of the years 2000 to 2099"):
        parse_minute("--from", text)
