"""Mutated archives: each gets its row in the summary of `hydra import`, and sound files beside them come in.

Every mutant follows from the seed and its number. The command runs as a process of its own on folders of
mutants and one sound file; a traceback, a crash, a hang, or an entry that the summary does not count is a
complaint. After all of them the audits of the facts must find nothing.
"""

import json
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from hydra.db import queries
from hydra.exchange.archive.rules import EARLIEST
from tests.fuzz.archive_mutations import write_mutant
from tests.support.archive_samples import KLINE_HEADER
from tests.support.import_command import COMMAND, environment

COUNT: Final = 5000
FOLDER: Final = 250
"""Mutants of one call of the command."""
TIME_LIMIT_S: Final = 120.0

_NUMBER: Final = re.compile(r"mutant(\d{6})")
_MINUTE_MS: Final = 60_000
_FACT_AUDITS: Final = (
    "candle_off_the_grid", "funding_off_the_hour", "impossible_candle", "import_without_rollups",
    "known_before_it_happened", "known_before_its_lag", "stale_rollup", "unknown_instrument",
    "unrecorded_gap",
)  # fmt: skip


@dataclass
class Outcome:
    """What became of the mutants: (mutation, result) counted, and what should not have happened."""

    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def report(self) -> list[str]:
        """A line a mutation: how many were imported (or their rows were), refused, not imported."""
        kinds = sorted({mutation for mutation, _ in self.results})
        columns = ("imported", "refused", "not imported")
        return [
            f"{kind:24}" + "".join(f"{self.results[kind, column]:6,} {column}" for column in columns)
            for kind in kinds
        ]


def attack(url: str, seed: int, count: int = COUNT) -> Outcome:
    """Import `count` mutants into the empty, migrated database of `url`."""
    outcome = Outcome()
    for first in range(0, count, FOLDER):
        numbers = range(first, min(first + FOLDER, count))
        complaint = _import(url, seed, numbers, outcome)
        if complaint:
            outcome.complaints += [f"{one}: {why}" for one, why in _culprits(url, seed, numbers, complaint)]
    outcome.complaints += _audits(url)
    return outcome


def _culprits(url: str, seed: int, numbers: Sequence[int], complaint: str) -> list[tuple[str, str]]:
    """The mutants that cause a complaint, found by halves; the smallest group if none does alone."""
    if len(numbers) == 1:
        return [(f"mutant {numbers[0]} of seed {seed}", complaint)]
    middle = len(numbers) // 2
    found = []
    for half in (numbers[:middle], numbers[middle:]):
        again = _import(url, seed, half, Outcome())
        found += _culprits(url, seed, half, again) if again else []
    return found or [(f"mutants {numbers[0]} to {numbers[-1]} of seed {seed} together", complaint)]


def _import(url: str, seed: int, numbers: Sequence[int], outcome: Outcome) -> str:
    """Import some mutants beside a sound file; a complaint, or nothing."""
    folder = Path(tempfile.mkdtemp(prefix="hydra-fuzz-"))
    try:
        kinds = {}
        entries = 1
        for number in numbers:
            mutant = folder / f"mutant{number:06}"
            mutant.mkdir()
            kinds[number], written = write_mutant(mutant, random.Random(f"{seed}:{number}"))
            entries += written
        minute = _write_sound_file(folder, numbers[0])
        command = [*COMMAND, "--json", str(folder)]
        done = subprocess.run(
            command, env=environment(url), capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        complaint = _complaint(done, entries) or _sound_file_is_missing(url, minute)
        if not complaint:
            _count(json.loads(done.stdout), kinds, outcome)
    except subprocess.TimeoutExpired:
        return f"no end after {TIME_LIMIT_S:.0f} s"
    finally:
        shutil.rmtree(folder)
    return complaint


def _complaint(done: "subprocess.CompletedProcess[str]", entries: int) -> str:
    if done.returncode not in {0, 1}:
        return f"status {done.returncode}: {done.stderr[-500:]}"
    if "Traceback" in done.stderr or "panicked" in done.stderr or not done.stdout.startswith("{"):
        return f"not in words: {done.stderr[-1000:]}"
    summary = json.loads(done.stdout)
    counted = summary["all"]["files"] + len(summary["not_imported"])
    return "" if counted == entries else f"{entries} entries, {counted} in the summary"


def _count(summary: dict[str, list[object]], kinds: dict[int, str], outcome: Outcome) -> None:
    left_out, refused = (_numbers(summary[key]) for key in ("not_imported", "refused"))
    for number, kind in kinds.items():
        result = "refused" if number in refused else "not imported" if number in left_out else "imported"
        outcome.results[kind, result] += 1


def _numbers(lines: list[object]) -> set[int]:
    return {int(number) for line in lines for number in _NUMBER.findall(json.dumps(line))[:1]}


def _write_sound_file(folder: Path, number: int) -> int:
    """A file of one candle of the last pair, at a minute of its own: it is imported after the mutants."""
    minute = int(EARLIEST.timestamp() * 1000) + (1_000_000 + number) * _MINUTE_MS
    path = folder / "candles" / "DOGEUSDT-1m-2018-11.csv"
    path.parent.mkdir()
    line = f"{minute},0.2,0.2,0.2,0.2,1,{minute + _MINUTE_MS - 1},0.2,1,0,0,0"
    path.write_text(f"{KLINE_HEADER}\n{line}\n")
    return minute


def _sound_file_is_missing(url: str, minute: int) -> str:
    with psycopg.connect(url) as connection:
        query = "SELECT FROM market.candles_1m WHERE instrument_id = 8 AND time = to_timestamp(%s / 1000.0)"
        found = connection.execute(query, (minute,)).fetchone()
    return "the sound file beside them was not imported" if found is None else ""


def _audits(url: str) -> list[str]:
    """The audits of the facts that find something after all mutants."""
    with psycopg.connect(url) as connection:
        found = {name: connection.execute(queries.load(f"audits/{name}")).fetchall() for name in _FACT_AUDITS}
    return [f"audit {name}: {len(rows)} rows, first {rows[0]}" for name, rows in found.items() if rows]
