"""`make fuzz`: hostile input in thousands, made from a seed; a report, and status 1 if one ended badly."""

import argparse
import sys
import time

from tests.fuzz import archives
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server


def main() -> None:
    """Run the attack with archives at its full length, or with --count mutants."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=archives.COUNT)
    asked = parser.parse_args()
    started = time.monotonic()
    with apache_server() as server:
        databases = TestServer(server)
        with databases.migrated() as url:
            outcome = archives.attack(url, asked.seed, asked.count)
        databases.close()
    for line in (*outcome.report(), *outcome.complaints):
        sys.stdout.write(line + "\n")
    seconds = time.monotonic() - started
    bad = len(outcome.complaints)
    sys.stdout.write(f"{asked.count:,} archives of seed {asked.seed} in {seconds:.0f} s, {bad} ended badly\n")
    sys.exit(bool(outcome.complaints))


if __name__ == "__main__":
    main()
