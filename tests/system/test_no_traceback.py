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


def test_bytes_that_are_no_text_are_shown_and_not_sent_on(hydra: Hydra) -> None:
    done = hydra("run", "--market", "generated", "--from", b"\xff\xfe")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("hydra: --from \\xff\\xfe: not a time")


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
