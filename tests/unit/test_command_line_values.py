"""Values that cannot be are refused with a sentence before anything is done."""

import os
from pathlib import Path

import pytest

from tests.support.command_line import hydra


@pytest.mark.parametrize(
    "words",
    [
        ("report", "99999999999999999999"),
        ("why", "BTC", "--run", "9" * 5000),
        ("runs", "delete", "9223372036854775808", "--yes"),
        ("kill", "--run", "-9223372036854775809", "--reason", "x"),
        ("check", "parity", "--run", "0"),
        ("demo", "--hours", "nan"),
        ("demo", "--hours", "1e999"),
        ("sweep", "x", "--jobs", "1000000000"),
    ],
)  # fmt: skip
def test_a_number_beyond_what_can_be_is_refused_before_anything_is_done(words: list[str]) -> None:
    answer = hydra(*words)
    assert answer.status == 2, answer.err
    assert answer.err.startswith("hydra: Invalid value for")
    assert "Traceback" not in answer.err


def test_a_choice_that_does_not_exist_is_answered_with_the_choices_alone() -> None:
    answer = hydra("backtest", "--rows", "foo")
    assert answer.status == 2
    assert answer.err == (
        "hydra: Invalid value for '--rows': 'foo' is not one of 'signals', 'changes', 'all'. "
        "See `hydra backtest -h`\n"
    )


@pytest.mark.parametrize("name", ["n" * 300, "d/" * 2100, "a folder", "a fifo"])
def test_a_file_of_settings_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "a fifo")
    answer = hydra("backtest", "--config", str(tmp_path / name))
    assert answer.status == 1
    assert answer.err.startswith("hydra: ")
    assert answer.err.count("\n") == 1
