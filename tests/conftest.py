"""What all tests share: servers of both editions, fresh databases, and a loud word on what did not run."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from hydra.db.edition import Edition
from tests.support.account_under_test import DEMO_KEY, DEMO_SECRET
from tests.support.account_under_test import NOT_RUN as DEMO_NOT_RUN
from tests.support.before_0011 import NOT_RUN as HISTORY_NOT_RUN
from tests.support.own_processes import adopt_orphans, left_alive
from tests.support.servers.databases import TestServer
from tests.support.servers.editions import (
    COMMUNITY_URL,
    apache_server,
    community_server,
    has_community_server,
)
from tests.support.servers.redis import NOT_RUN as REDIS_NOT_RUN
from tests.support.servers.redis import REDIS_URL

NOT_RUN = pytest.StashKey[bool]()
LEFT_ALIVE = pytest.StashKey[dict[int, str]]()
END_TIMEOUT_S = 10.0

# Workers of xdist take a file at a time: the files that take the longest begin first, so that none is waited
# for alone at the end. Then system tests, which mostly wait, and last those that compute.
LONGEST_FILES = (
    "test_exchange_day.py",
    "test_stale_data.py",
    "test_exchange_run.py",
    "test_ingest_command.py",
    "test_database_lost.py",
    "test_backtest_command.py",
    "test_db_command.py",
    "test_crash_full_run.py",
    "test_demo.py",
    "test_lookahead_checks.py",
    "test_database_before_0011.py",
    "test_import_recorded.py",
)
FOLDERS = ("system", "database", "unit")

# An example may take as long as it takes: on a busy machine time says nothing of a property.
settings.register_profile("hydra", deadline=None)
settings.load_profile("hydra")


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[Edition, TestServer]]:
    """The servers of this test process, each started when the first test asks; stopped at the end."""
    with ExitStack() as stack:
        yield StartedServers(stack)


class StartedServers(dict[Edition, TestServer]):
    """Starts the server of an edition when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, edition: Edition) -> TestServer:
        start = apache_server if edition is Edition.APACHE else community_server
        server = TestServer(self._stack.enter_context(start()))
        self._stack.callback(server.close)
        self[edition] = server
        return server


@pytest.fixture(scope="module", params=list(Edition), ids=str)
def edition(request: pytest.FixtureRequest) -> Edition:
    """Runs the test on both editions; skipped for community where no such server can be had."""
    chosen = Edition(request.param)
    if chosen is Edition.COMMUNITY and not has_community_server():
        pytest.skip(f"COMMUNITY EDITION: NOT RUN. Set {COMMUNITY_URL} to a server of it")
    return chosen


@pytest.fixture
def empty_database_url(servers: dict[Edition, TestServer], edition: Edition) -> Iterator[str]:
    """A fresh database with TimescaleDB and nothing else, for one test; dropped after it."""
    with servers[edition].empty() as url:
        yield url


@pytest.fixture(scope="module")
def database_url(servers: dict[Edition, TestServer], edition: Edition) -> Iterator[str]:
    """A fresh database with the newest schema, for one module; dropped after it."""
    with servers[edition].migrated() as url:
        yield url


def pytest_configure() -> None:
    """Keep every process of the tests below this one, whoever started it."""
    adopt_orphans()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if a process of the tests is still alive, after all fixtures and workers of pytest have ended."""
    if hasattr(session.config, "workerinput"):
        return
    left = left_alive(END_TIMEOUT_S)
    session.config.stash[LEFT_ALIVE] = left
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long files first, and note whether tests of the community edition cannot run."""
    items.sort(key=lambda item: _place(item.path))
    wanted = any("edition" in getattr(item, "fixturenames", ()) for item in items)
    config.stash[NOT_RUN] = wanted and not has_community_server()


def _place(file: Path) -> tuple[int, int]:
    longest = LONGEST_FILES.index(file.name) if file.name in LONGEST_FILES else len(LONGEST_FILES)
    return longest, FOLDERS.index(file.parent.name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what is still alive, and what did not run and how to run it."""
    if left := config.stash.get(LEFT_ALIVE, {}):
        terminalreporter.section("PROCESSES OF THE TESTS ARE STILL ALIVE", sep="!", red=True, bold=True)
        for process_id, words in left.items():
            terminalreporter.line(f"{process_id}: {words}")
    skipped = any("COMMUNITY EDITION" in str(report.longrepr) for report in _skipped(terminalreporter))
    if config.stash.get(NOT_RUN, False) or skipped:
        terminalreporter.section("COMMUNITY EDITION: NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(
            "No server of TimescaleDB's community edition was found: the database tests ran on the Apache "
            f"edition only.\nTo run them on both, set {COMMUNITY_URL}=postgresql://SUPERUSER:PASSWORD@HOST:PORT/"
            "postgres (a server for tests: databases are created and dropped on it), or install PostgreSQL "
            "with the community TimescaleDB package on this machine."
        )

    if any(REDIS_NOT_RUN in str(report.longrepr) for report in _skipped(terminalreporter)):
        terminalreporter.section(REDIS_NOT_RUN, sep="!", red=True, bold=True)
        terminalreporter.line(
            "No Redis server was found or could be fetched: messages were tested through PostgreSQL only.\n"
            f"To test Redis too, set {REDIS_URL}=redis://HOST:PORT/DB (an empty one) or install redis-server."
        )

    if any(DEMO_NOT_RUN in str(report.longrepr) for report in _skipped(terminalreporter)):
        terminalreporter.section(DEMO_NOT_RUN, sep="!", red=True, bold=True)
        terminalreporter.line(
            "No key of demo trading was given: orders were tested against the simulated exchange only.\n"
            f"To test them there too, set {DEMO_KEY} and {DEMO_SECRET} to a key of an account that is flat "
            "and has no orders: small orders of BTC are sent, and closed."
        )

    if any(HISTORY_NOT_RUN in str(report.longrepr) for report in _skipped(terminalreporter)):
        terminalreporter.section(HISTORY_NOT_RUN, sep="!", red=True, bold=True)
        terminalreporter.line(
            "The history of this checkout does not reach back to that revision: fetch all of it."
        )


def _skipped(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return list(reporter.stats.get("skipped", []))
