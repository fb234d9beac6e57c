"""Whatever is killed with -9, and however early: nothing that it started outlives it for long."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hydra.paths import PROJECT_ROOT
from tests.support.own_processes import children, descendants, left_alive

# Workers start without a database; these never get as far as using one.
NO_SERVER = {"HYDRA_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"}
MASTER = (sys.executable, "-m", "dramatiq", "--use-spawn", "-p", "1", "-t", "1", "workers")
SUPERVISOR = """
import sys, time
from pathlib import Path
from hydra.runtime.children import Children, Program
children = Children([Program("workers", tuple(sys.argv[2:]))], Path(sys.argv[1]), {})
while True:
    children.keep_alive()
    time.sleep(0.05)
"""
KILLS = 5
LATEST_S = 8.0
GONE_AFTER_S = 20.0


@pytest.mark.parametrize("killed", ["master", "supervisor"])
def test_a_worker_whose_master_or_supervisor_is_killed_while_it_starts_is_soon_gone(
    killed: str, tmp_path: Path
) -> None:
    before = children(os.getpid())
    wrapped = (sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")) if killed == "supervisor" else ()
    started = time.monotonic()
    victims = [
        subprocess.Popen(
            (*wrapped, *MASTER),
            cwd=PROJECT_ROOT,
            env={**os.environ, **NO_SERVER},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(KILLS)
    ]
    chance = random.Random(5)
    moments = sorted(chance.uniform(0.2, LATEST_S) for _ in victims)
    below: list[str] = []
    for victim, moment in zip(victims, moments, strict=True):
        time.sleep(max(0.0, started + moment - time.monotonic()))
        below += [word for _, words in descendants(victim.pid) for word in words]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    assert below.count("--multiprocessing-fork") >= 2, "no worker had been started when its master was killed"
    assert left_alive(GONE_AFTER_S, before) == {}
