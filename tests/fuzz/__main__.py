"""`make fuzz`: the attacks at their full length; status 1 if one ends badly."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.fuzz.command_lines import COUNT, complaints
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import apache_server


@contextmanager
def _database() -> Iterator[str]:
    with apache_server() as server:
        databases = TestServer(server)
        with databases.migrated() as url:
            yield url
        databases.close()


def main() -> None:
    """Run every attack, or with --url the shallow command lines against an empty database with the schema."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--url")
    asked = parser.parse_args()
    found = 0
    with ExitStack() as stack:
        url = asked.url or stack.enter_context(_database())
        for complaint in complaints(url, asked.seed, asked.count, deep=asked.url is None):
            found += 1
            sys.stdout.write(complaint + "\n")
    sys.stdout.write(f"{asked.count} command lines of seed {asked.seed}, {found} ended badly\n")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
