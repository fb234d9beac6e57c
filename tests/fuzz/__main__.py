"""`make fuzz`: hostile input in thousands, made from a seed; a report, and status 1 if one ended badly."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.fuzz import command_lines
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server


def main() -> None:
    """Run both attacks at their full length, or with the given numbers; status 1 if one ended badly."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--archives", type=int)
    parser.add_argument("--command-lines", type=int, default=command_lines.COUNT)
    parser.add_argument("--url", help="an empty database with the schema; shallow command lines")
    asked = parser.parse_args()
    bad = 0
    if asked.command_lines:
        with _database(asked.url) as url:
            bad += _command_lines(url, asked.seed, asked.command_lines, deep=asked.url is None)
    if asked.archives != 0:
        with _database(asked.url) as url:
            bad += _archives(url, asked.seed, asked.archives)
    sys.exit(bad > 0)


@contextmanager
def _database(given: str | None) -> Iterator[str]:
    if given is not None:
        yield given
        return
    with apache_server() as server:
        databases = TestServer(server)
        with databases.migrated() as url:
            yield url
        databases.close()


def _archives(url: str, seed: int, asked: int | None) -> int:
    # Imported after the command lines: it starts the threads of polars, which do not survive their forks.
    from tests.fuzz import archives  # noqa: PLC0415

    started, count = time.monotonic(), asked or archives.COUNT
    outcome = archives.attack(url, seed, count)
    return _report(f"{count:,} archives of seed {seed}", started, outcome.report(), outcome.complaints)


def _command_lines(url: str, seed: int, count: int, *, deep: bool) -> int:
    started = time.monotonic()
    complaints = list(command_lines.complaints(url, seed, count, deep=deep))
    return _report(f"{count:,} command lines of seed {seed}", started, [], complaints)


def _report(what: str, started: float, lines: Sequence[str], complaints: Sequence[str]) -> int:
    seconds = time.monotonic() - started
    ended = f"{what} in {seconds:.0f} s, {len(complaints)} ended badly"
    sys.stdout.writelines(f"{line}\n" for line in (*lines, *complaints, ended))
    return len(complaints)


if __name__ == "__main__":
    main()
