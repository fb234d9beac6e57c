"""Whatever is done to a command, it ends with a sentence and an exit status; real processes, no database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HYDRA = (sys.executable, "-m", "hydra")
Hydra = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hydra(tmp_path: Path) -> Hydra:
    """Run a command line as a process of its own, without a server and with an empty home."""
    environment = {**os.environ, "HOME": str(tmp_path), "HYDRA_STATE_DIRECTORY": str(tmp_path / "state")}
    environment.pop("HYDRA_DATABASE_URL", None)

    def run(*words: str | bytes, **options: object) -> subprocess.CompletedProcess[str]:
        given: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run(  # type: ignore[call-overload, no-any-return]  # options of subprocess
            [*HYDRA, *words], env=environment, encoding="utf-8", errors="replace", check=False, **given
        )

    return run


def test_a_full_disk_for_the_output_is_one_sentence(hydra: Hydra) -> None:
    with Path("/dev/full").open("w") as full:
        done = hydra("config", "show", "--json", stdout=full)
    assert done.returncode == 1
    assert done.stderr == "hydra: No space left on device: correct that, then run the same command again\n"


@pytest.mark.parametrize("words", [("config", "show", "--json"), ("config", "show"), ("--help",)])
def test_a_reader_that_went_away_ends_the_command_without_a_word(
    hydra: Hydra, words: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = hydra(*words, stdout=writing)
    os.close(writing)
    assert done.returncode in {1, 141}
    assert done.stderr == ""


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_closed_standard_stream_is_no_reason_to_fail(hydra: Hydra, stream: int) -> None:
    done = hydra("config", "show", preexec_fn=lambda: os.close(stream))
    assert done.returncode == 0
    assert stream == 1 or "MAX_POSITIONS" in done.stdout


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
def test_a_number_beyond_what_can_be_is_refused_before_anything_is_done(
    hydra: Hydra, words: list[str]
) -> None:
    done = hydra(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("hydra: Invalid value for")
    assert "Traceback" not in done.stderr


def test_a_choice_that_does_not_exist_is_answered_with_the_choices_alone(hydra: Hydra) -> None:
    done = hydra("backtest", "--rows", "foo")
    assert done.returncode == 2
    assert done.stderr == (
        "hydra: Invalid value for '--rows': 'foo' is not one of 'signals', 'changes', 'all'. "
        "See `hydra backtest -h`\n"
    )


@pytest.mark.parametrize("name", ["n" * 300, "d/" * 2100, "a folder", "a fifo"])
def test_a_file_of_settings_that_cannot_be_read_is_one_sentence(
    hydra: Hydra, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "a fifo")
    done = hydra("backtest", "--config", str(tmp_path / name))
    assert done.returncode == 1
    assert done.stderr.startswith("hydra: ")
    assert done.stderr.count("\n") == 1


def test_bytes_that_are_no_text_are_shown_and_not_sent_on(hydra: Hydra) -> None:
    done = hydra("backtest", "--set", b"\xff\xfe=1", "--pairs", b"\xff")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "\\xff" in done.stderr


@pytest.mark.parametrize("library", ["pydantic_core", "psycopg_binary", "polars", "llvmlite"])
def test_ctrl_c_while_modules_load_is_one_sentence(tmp_path: Path, library: str) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "HYDRA_STATE_DIRECTORY": str(tmp_path / "state")}
    with subprocess.Popen(
        [*HYDRA, "backtest", "--market", "generated"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        mapped = Path(f"/proc/{process.pid}/maps")
        while library not in mapped.read_text() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "hydra: stopped by Ctrl-C\n"
