"""A child process, with its wall time, its processor time and its largest memory."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile

from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT


@dataclass(frozen=True)
class Finished:
    """A process that ended well.

    seconds: from its start to its end. cpu_seconds: of all its threads and children.
    peak_mib: resident memory of the largest of it and its children; never less than what the caller itself
    has used, since a child begins as its copy.
    """

    output: str
    seconds: float
    cpu_seconds: float
    peak_mib: float


def run_measured(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Run a command in the checkout to its end; raises StopError with its last words where it fails."""
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=PROJECT_ROOT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        said = output.read()
        if process.returncode:
            raise StopError(f"{last_words(errors.read() or said)} (exit status {process.returncode})")
    return Finished(said, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def last_words(text: str) -> str:
    """The last line that says something, without the frame that a terminal's message may have around it."""
    lines = [line.strip("│╭╮╰╯─ ") for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "it said nothing")
