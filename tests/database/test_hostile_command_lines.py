"""A short run of the hostile command lines; `make fuzz` is the long one."""

import subprocess
import sys

from hydra.db.edition import Edition
from tests.fuzz.command_lines import command_lines, verbs
from tests.support.servers.databases import TestServer

COUNT = 60


def test_hostile_command_lines_end_with_a_sentence(servers: dict[Edition, TestServer]) -> None:
    """In a process of its own, because it forks."""
    with servers[Edition.APACHE].migrated() as url:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz",
                "--url",
                url,
                "--archives",
                "0",
                "--command-lines",
                str(COUNT),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_verb_is_attacked_in_the_short_run_too() -> None:
    lines = command_lines(1, COUNT, deep=False)
    assert all(any(set(verb.names) <= set(line) for line in lines) for verb in verbs())
