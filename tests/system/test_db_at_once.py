"""`hydra db` by several processes at once, killed in the middle, and while the server recovers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hydra.db.server.cluster import Cluster
from hydra.db.server.folder import left_overs
from hydra.db.server.private import private_cluster
from hydra.db.server.state import ServerState
from tests.support.servers.editions import server_folder

AT_ONCE = 5
PATIENCE_S = 60.0
# The server waits this long for nothing: longer than the interval at which the waiting command says so.
STANDSTILL_S = 6.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """The private server of a state directory of its own, for commands too; nothing is made yet."""
    with server_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder / "state"))
        patch.delenv("HYDRA_DATABASE_URL", raising=False)
        cluster = private_cluster()
        try:
            yield cluster
        finally:
            cluster.remove()


def begin(*words: str, **environment: str) -> "subprocess.Popen[str]":
    """`hydra db WORDS`, at work."""
    return subprocess.Popen(
        [sys.executable, "-m", "hydra", "db", *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(command: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its status and everything it said."""
    said = command.communicate(timeout=PATIENCE_S)
    return command.returncode, "".join(said)


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.001)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_five_ups_at_once_make_one_server_and_all_succeed(cluster: Cluster) -> None:
    """UniqueViolation in 3 of 3 tries with two."""
    for _ in range(2):
        ended = [end(command) for command in [begin("up") for _ in range(AT_ONCE)]]
        assert [status for status, _ in ended] == [0] * AT_ONCE, ended
        assert all("Ready" in said for _, said in ended)
    assert cluster.is_running()


def test_five_ups_at_once_migrate_a_server_of_ones_own(empty_database_url: str) -> None:
    commands = [begin("up", HYDRA_DATABASE_URL=empty_database_url) for _ in range(AT_ONCE)]
    ended = [end(command) for command in commands]
    assert [status for status, _ in ended] == [0] * AT_ONCE, ended


@pytest.mark.parametrize("moment", ["stopping", "put aside", "half deleted"])
def test_a_reset_killed_in_the_middle_leaves_what_the_next_up_uses_or_clears(
    cluster: Cluster, moment: str
) -> None:
    """It left a folder with half of a database, which `db up` could not use."""
    assert end(begin("up"))[0] == 0
    # Deleting them takes long enough to be caught in it.
    for number in range(20_000):
        (cluster.data / "base" / f"file{number}").touch()
    reached: dict[str, Callable[[], bool]] = {
        "stopping": lambda: not cluster.is_running(),
        "put aside": lambda: not (cluster.data / "PG_VERSION").exists(),
        "half deleted": lambda: _is_half_deleted(cluster),
    }
    reset = begin("reset", "--yes")
    wait_for(reached[moment])
    reset.kill()
    assert end(reset)[0] == -signal.SIGKILL
    assert end(begin("up"))[0] == 0
    assert cluster.is_running()
    assert list(left_overs(cluster.home)) == []


def _is_half_deleted(cluster: Cluster) -> bool:
    """Whether files have gone, from wherever they lay before."""
    return not any(cluster.home.glob("**/base/file19999")) or not any(cluster.home.glob("**/base/file0"))


def hold_while_starting(cluster: Cluster, starter: "subprocess.Popen[str]") -> int:
    """Stop the server's process before it is ready: it is starting for as long as we want."""
    wait_for(lambda: cluster.state() is ServerState.STARTING)
    process_id = postmaster(cluster)
    os.kill(process_id, signal.SIGSTOP)
    assert cluster.state() is ServerState.STARTING, "it was ready too soon"
    assert starter.poll() is None
    return process_id


@pytest.fixture
def recovering(cluster: Cluster) -> Iterator[tuple[Cluster, "subprocess.Popen[str]", int]]:
    """A cluster that recovers from a kill, the command that waits for it, and the server's process, held."""
    assert end(begin("up"))[0] == 0
    os.kill(postmaster(cluster), signal.SIGKILL)
    wait_for(lambda: cluster.state() is ServerState.STOPPED)
    starter = begin("up")
    process_id = hold_while_starting(cluster, starter)
    try:
        yield cluster, starter, process_id
    finally:
        starter.kill()
        starter.communicate()
        # SIGCONT to a process that has ended would be an error.
        if cluster.state() is not ServerState.STOPPED:
            os.kill(process_id, signal.SIGCONT)


Recovering = tuple[Cluster, "subprocess.Popen[str]", int]


def test_a_long_recovery_is_waited_for_told_and_not_begun_again(recovering: Recovering) -> None:
    """After 60 s it was killed and begun again, so that it never ended. The starter is killed here, too."""
    cluster, starter, process_id = recovering
    starter.kill()
    second = begin("up")
    time.sleep(STANDSTILL_S)
    assert (second.poll(), postmaster(cluster)) == (None, process_id)
    status, said = end(begin("status"))
    assert (status, "starting" in said, str(cluster.data) in said) == (0, True, True)
    os.kill(process_id, signal.SIGCONT)
    status, said = end(second)
    assert (status, "The database server is starting" in said, "Ready" in said) == (0, True, True), said
    assert postmaster(cluster) == process_id


def test_down_stops_a_server_that_is_starting_and_its_starter_says_so(recovering: Recovering) -> None:
    """It said that no server was running, and left it."""
    cluster, starter, process_id = recovering
    down = begin("down")
    time.sleep(1.0)
    os.kill(process_id, signal.SIGCONT)
    assert end(down)[0] == 0
    assert cluster.state() is ServerState.STOPPED
    status, said = end(starter)
    assert (status, "Traceback" in said, "reset" in said) == (1, False, False), said


def test_reset_of_a_server_that_is_starting_stops_it_first(recovering: Recovering) -> None:
    cluster, starter, process_id = recovering
    starter.kill()
    reset = begin("reset", "--yes")
    time.sleep(1.0)
    os.kill(process_id, signal.SIGCONT)
    status, said = end(reset)
    assert (status, "Ready" in said) == (0, True), said
    assert postmaster(cluster) != process_id


def test_the_status_of_a_stopped_server_names_the_folder_of_its_data(cluster: Cluster) -> None:
    status, said = end(begin("status"))
    assert (status, str(cluster.data) in said, "hydra db up" in said) == (1, True, True)


def test_no_advice_to_delete_where_permissions_are_the_cause(cluster: Cluster) -> None:
    """`db reset` was advised where the disk was full or closed: everything would be gone for nothing."""
    assert end(begin("up"))[0] == 0
    cluster.stop()
    closed: Path = cluster.data / "global"
    closed.chmod(0)
    owner = closed.stat().st_uid
    os.chown(closed, 0, 0) if os.geteuid() == 0 else None
    try:
        status, said = end(begin("up"))
        assert (status, "Permission denied" in said, "reset" in said) == (1, True, False), said
    finally:
        os.chown(closed, owner, -1) if os.geteuid() == 0 else None
        closed.chmod(0o700)
    assert end(begin("up"))[0] == 0
