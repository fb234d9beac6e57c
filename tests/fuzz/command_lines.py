"""Hostile command lines, made from the verbs and options that the command line itself lists.

Each one has to end with a proper exit status, with a sentence where it failed, and without a traceback. A new
verb or option is covered without a change here. Lines run in forks of a process that has loaded every verb.
"""

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

import typer

from hydra.cli.main import app
from hydra.db.engine import connect
from hydra.paths import PROJECT_ROOT
from tests.support.why_scenario import write_why_scenario

COUNT: Final = 500
EVERY_TO_A_PROCESS: Final = 20
"""One line in so many runs as a process of its own, as a person runs it; the others run in forks."""
TIME_LIMIT_S: Final = 300.0
PROPER: Final = frozenset({0, 1, 2, 3})
"""Exit statuses of a command that ended as it should (see `hydra.cli.entry`); 70 is a defect."""

NUMBERS: Final = (
    "-1", "0", "1", "9223372036854775807", "9223372036854775808", "99999999999999999999",
    "4611686018427387905",
    "9" * 5000, "1e3", "1e999", "-1e999", "inf", "-inf", "nan", "0x10", "1_000", "١٢", "1.5", "1e-400", "-0",
)  # fmt: skip
TIMES: Final = (
    "0001-01-01", "0001-01-01T00:00+23:59", "9999-12-31T23:59", "9999-12-31T23:59-23:59", "1969-12-31",
    "2099-12-31T23:59", "2025-02-30", "24:61", "99:99", "00:00", "now", "2025-06-01T00:00:00.999999+00:00",
    "1748736000",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "-", "--", "---", "[/red]", "[bold]", "\x1b[31mred\x1b[0m", "\n", "a\nb", "\t",
    "\u202egnirts", "\udcff\udcfe",
    "'; DROP TABLE hydra.runs; --", "%s%n{0}{x}$HOME`id`", "BTC,ETH,,", "BTC" * 2000, "🜏", "None", "true",
    "=", "=1", "a=", "a=b",
    "../" * 50, "x" * 300, "x" * 70_000,
)  # fmt: skip
ASSIGNMENTS: Final = (
    "MAX_POSITIONS=nan", "INITIAL_BALANCE=1e999", "INITIAL_BALANCE=-inf", "signals.carry_funding=inf",
    "costs.spread_bps.BTC=1e999",
    "costs.spread_bps.FOO=1", "costs=1", "scoring.scorer=x", "signals.=1", ".=1",
    "MAX_HOLDING_HOURS=\udcff", "LLM_MODEL=\udcff",
    "MAX_HOLDING_HOURS=FUNDING_SQUEEZE=inf", "MAX_POSITIONS=" + "9" * 5000, "RISK_PER_TRADE_PCT=0",
    "TRADING_MODE=backtest",
)  # fmt: skip
PATHS: Final = (
    ".", "..", "folder", "missing/file", "/dev/null", "/dev/full", "/dev/zero", "/dev/full/x", "fifo",
    "loop", "dangling",
    "bytes.env", "zeros.env", "numbers.env", "n" * 300, "d/" * 2100, "unreadable", "\udcff.html",
)  # fmt: skip
HOSTILE: Final = (*NUMBERS, *TIMES, *TEXTS, *ASSIGNMENTS, *PATHS)

FITTING: Final[Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(("--from", "--to", "--at"), TIMES),
    "--set": ASSIGNMENTS,
    # A whole generated day would take minutes.
    "--market": ("recorded", "exchange"),
    "--pairs": ("BTC", "BTC,ETH,,", *TEXTS),
    "symbol": ("BTC", *TEXTS),
}
"""Values that go further into a verb than others, by option or argument; others fit by their type."""

GOES_ON: Final = (("exchange", "serve"), ("ingest",))
"""Verbs that end only when they are stopped: a line that is still running was accepted."""
GOING_ON_S: Final = 5.0

NUMBERS_GO_ON: Final = (
    "SELECT setval(pg_get_serial_sequence('hydra.runs', 'run_id'), max(run_id)) FROM hydra.runs"
)
NOT_GIVEN: Final = frozenset({"--yes", "--on-workers"})
"""Options that no line has: the stored runs are needed, and nobody would do what workers are left to do."""

NOBODY: Final = "http://127.0.0.1:9"
"""Nothing listens there."""

# A short generated market; a line without it asks for the recorded one, of which nothing is stored.
SMALL_MARKET: Final = (
    "--market", "generated", "--seed", "7", "--from", "2025-06-01", "--to", "2025-06-01T00:05", "--pairs",
    "BTC",
)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """An option or an argument: its name, its type, and whether it has to be given."""

    name: str
    kind: Any
    is_option: bool
    is_flag: bool
    is_required: bool

    def fitting(self) -> Sequence[str]:
        """Values of its type."""
        if self.name in FITTING:
            return FITTING[self.name]
        if isinstance(self.kind, type) and issubclass(self.kind, StrEnum):
            return tuple(self.kind)
        if self.kind is Path:
            return PATHS
        # The run that is stored, and numbers that none has.
        return ("7", *NUMBERS) if self.kind in {int, float} else HOSTILE


@dataclass(frozen=True)
class Verb:
    """A command: the words that name it, and those that may follow."""

    names: tuple[str, ...]
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Outcome:
    """How a command line ended: exit status (negative: a signal, None: not in time) and what it printed."""

    status: int | None
    output: str
    errors: str


def verbs() -> list[Verb]:
    """Every command that the command line has."""
    root: Any = typer.main.get_command(app)
    return list(_below(root, ()))


def _below(command: Any, words: tuple[str, ...]) -> Iterator[Verb]:
    if hasattr(command, "list_commands"):
        with command.make_context("hydra", [], resilient_parsing=True) as context:
            for name in command.list_commands(context):
                yield from _below(command.get_command(context, name), (*words, name))
        return
    yield Verb(words, tuple(_word(one) for one in command.params if NOT_GIVEN.isdisjoint(one.opts)))


def _word(parameter: Any) -> Word:
    descriptor = getattr(parameter, "type_descriptor", None)
    is_option = parameter.param_type_name == "option"
    return Word(
        name=str(parameter.opts[0] if is_option else parameter.name),
        kind=_of_one(getattr(descriptor, "annotation", str)),
        is_option=is_option,
        is_flag=is_option and bool(parameter.is_flag),
        is_required=bool(parameter.required),
    )


def _of_one(kind: Any) -> Any:
    """The type of one value of a list or of an option that may be absent."""
    inner = [one for one in get_args(kind) if one is not type(None)]
    return _of_one(inner[0]) if inner else kind


def command_lines(seed: int, count: int, *, deep: bool) -> list[list[str]]:
    """`count` command lines without the word hydra; deep: some generate a small market.

    Every verb once, then those with more options more often.
    """
    chance = random.Random(seed)
    known = verbs()
    weights = [sum(not word.is_flag for word in verb.words) for verb in known]
    chosen = [*known, *chance.choices(known, weights, k=max(0, count - len(known)))][:count]
    return [_line(verb, chance, deep=deep) for verb in chosen]


def _line(verb: Verb, chance: random.Random, *, deep: bool) -> list[str]:
    line = list(verb.names)
    if deep and chance.random() < 0.5 and any(word.name == "--market" for word in verb.words):
        line += SMALL_MARKET
    if verb.names == ("demo",):
        # Anything else is a day of trading.
        line += ["--hours", chance.choice(["nan", "inf", "-1", "1e999", "0", "169", "x"])]
    needed = [word for word in verb.words if word.is_required and chance.random() < 0.95]
    others = [word for word in verb.words if not word.is_required]
    wanted = chance.sample(others, k=min(len(others), chance.choice([0, 1, 1, 2, 2, 4])))
    for word in (*needed, *wanted):
        line += [word.name] if word.is_option else []
        line += [] if word.is_flag else [chance.choice(word.fitting() if chance.random() < 0.7 else HOSTILE)]
    if chance.random() < 0.1:
        line.insert(chance.randint(0, len(line)), chance.choice(HOSTILE))
    return line


def complaint(line: Sequence[str], outcome: Outcome) -> str | None:
    """What is wrong with how a command line ended; None if nothing is."""
    everything = outcome.output + outcome.errors
    if outcome.status is None and _goes_on(line):
        return None
    if outcome.status is None:
        wrong = "did not end in time"
    elif "Traceback" in everything or "defect of HYDRA" in everything or outcome.status not in PROPER:
        wrong = f"ended with status {outcome.status}"
    elif outcome.status != 0 and not re.search(r"\w+ \w+", everything):
        wrong = f"ended with status {outcome.status} and no sentence"
    elif "Value error" in everything:
        wrong = "says Value error"
    elif "\x1b" in everything:
        wrong = "sends an escape sequence on"
    else:
        return None
    return f"hydra {shlex.join(line)[:300]!r} {wrong}: {outcome.errors[-600:] or outcome.output[-600:]}"


def _goes_on(line: Sequence[str]) -> bool:
    return any(tuple(line[: len(words)]) == words for words in GOES_ON)


def _time_limit_s(line: Sequence[str]) -> float:
    return GOING_ON_S if _goes_on(line) else TIME_LIMIT_S


def run_as_process(line: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a command line as a process of its own, in `folder`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hydra", *line],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_time_limit_s(line),
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, "", "")
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_forked(line: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a command line in a fork of this process, in `folder`, as a process group of its own."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _become(line, folder, environment, output.fileno(), errors.fileno())
        status = _awaited(child, _time_limit_s(line))
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Outcome(status, *texts)


def _become(
    line: Sequence[str], folder: Path, environment: Mapping[str, str], output: int, errors: int
) -> None:
    status = 99
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.environ.update(environment)
        sys.argv = ["hydra", *line]
        from hydra.cli.entry import main  # noqa: PLC0415  # a verb that is not a module's import at the top

        main()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001  # of a fork: nothing of it may go on
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _awaited(child: int, time_limit_s: float) -> int | None:
    deadline = time.monotonic() + time_limit_s
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.002)


@contextmanager
def playground(url: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder with hostile files, and the environment of commands in it: a home and a state of their own."""
    with tempfile.TemporaryDirectory(prefix="hydra-fuzz-") as name:
        folder = Path(name) / "a" / "b"
        (folder / "folder").mkdir(parents=True)
        os.mkfifo(folder / "fifo")
        (folder / "loop").symlink_to("loop")
        (folder / "dangling").symlink_to("nowhere")
        (folder / "bytes.env").write_bytes(b"MAX_POSITIONS=\xff\xfe\nLLM_MODEL=\x1b[31m\n")
        (folder / "zeros.env").write_bytes(b"LLM_MODEL=a\x00b\n\x00\x00")
        (folder / "numbers.env").write_text(
            "INITIAL_BALANCE=1e999\nMAX_LEVERAGE=nan\nMAX_POSITIONS=" + "9" * 5000
        )
        (folder / "unreadable").touch(mode=0o000)
        sources = Path(name) / "sources.toml"
        sources.write_text(f'[[source]]\nname = "nobody"\nurl = "{NOBODY}/rss"\n')
        yield (
            folder,
            {
                "HOME": name,
                "HYDRA_DATABASE_URL": url,
                "HYDRA_STATE_DIRECTORY": f"{name}/state",
                # No line reaches an exchange, its archive, a source of news or a language model.
                "EXCHANGE_URL": NOBODY,
                "ARCHIVE_URL": NOBODY,
                "NEWS_SOURCES_FILE": str(sources),
                "LLM_BASE_URL": NOBODY,
                "COLUMNS": "80",
                # The processes of a run start in this folder.
                "PYTHONPATH": str(PROJECT_ROOT),
            },
        )


def complaints(url: str, seed: int, count: int, *, deep: bool) -> Iterator[str]:
    """Run `count` command lines on the database of `url`, where a few runs are written; what was wrong."""
    with connect(url) as connection:
        write_why_scenario(connection)
        # Its runs chose their numbers: new ones come after them.
        connection.execute(NUMBERS_GO_ON)
    with playground(url) as (folder, environment):
        for number, line in enumerate(command_lines(seed, count, deep=deep)):
            run = run_as_process if number % EVERY_TO_A_PROCESS == 0 else run_forked
            found = complaint(line, run(line, folder, environment))
            if found is not None:
                yield found
