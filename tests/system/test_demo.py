"""`hydra demo` from an empty database to its end: a short one, through the real workers."""

import os
import subprocess
import sys

import pytest

from hydra.db.edition import Edition
from tests.support.servers.databases import TestServer


@pytest.fixture(scope="module")
def demo(servers: dict[Edition, TestServer]) -> "subprocess.CompletedProcess[str]":
    """The demo of six simulated minutes, and then the audits."""
    with servers[Edition.APACHE].migrated() as url:
        return subprocess.run(
            [sys.executable, "-m", "hydra", "demo", "--hours", "0.1"],
            env={**os.environ, "HYDRA_DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def test_the_demo_ends_by_itself(demo: "subprocess.CompletedProcess[str]") -> None:
    assert (demo.returncode, demo.stderr) == (0, "")


def test_the_demo_shows_the_table_the_report_and_whys(demo: "subprocess.CompletedProcess[str]") -> None:
    parts = (
        "run 1 (simulated)",
        "Run 1: paper on a simulated market (finished)",
        "Minutes: 6 decided, 0 skipped",
        "How often each generator fired",
        "Paper fills are simulated",
        "Why? ",
        "1. Data health",
    )
    places = [demo.stdout.find(part) for part in parts]
    assert -1 not in places, demo.stdout
    assert places == sorted(places)
