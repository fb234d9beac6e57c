"""`hydra db` by several processes at once, killed in the middle, and while the server recovers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hydra.db.engine import connect
from hydra.db.provision import create_database
from hydra.db.server.account import ServerAccount
from hydra.db.server.cluster import Cluster
from hydra.db.server.folder import left_overs
from hydra.db.server.private import private_cluster, start_private_cluster
from hydra.db.server.processes import is_postmaster
from hydra.db.server.state import ServerState
from tests.support.servers.editions import server_folder
from tests.support.servers.logins import ENVIRONMENT

AT_ONCE = 5
FILES = 20_000
CALLER_OF_TESTS = ServerAccount(os.geteuid(), os.getegid(), is_other=os.geteuid() == 0)
PATIENCE_S = 180.0
# The server waits this long for nothing: longer than the interval at which the waiting command says so.
STANDSTILL_S = 6.0


@pytest.fixture(scope="module")
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


def files_left(cluster: Cluster) -> int:
    """How many files of the database are left, where it lies or where it was put to be deleted."""
    left = 0
    for data in (cluster.data, *cluster.home.glob("deleted-*/data")):
        with suppress(FileNotFoundError):
            left += len(list((data / "base").iterdir()))
    return left


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def is_asked_to_stop(process_id: int) -> bool:
    """Whether a fast shutdown waits for a process that is held: its signal is pending."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    pending = next(int(line.split()[1], 16) for line in lines if line.startswith("ShdPnd:"))
    return bool(pending & 1 << (signal.SIGINT - 1))


def test_the_status_of_a_stopped_server_names_the_folder_of_its_data(cluster: Cluster) -> None:
    status, said = end(begin("status"))
    assert (status, str(cluster.data) in said, "hydra db up" in said) == (1, True, True)


def test_five_ups_at_once_make_one_server_and_all_succeed(cluster: Cluster) -> None:
    """UniqueViolation in 3 of 3 tries with two."""
    cluster.remove()
    ended = [end(command) for command in [begin("up") for _ in range(AT_ONCE)]]
    assert [status for status, _ in ended] == [0] * AT_ONCE, ended
    assert all("Ready" in said for _, said in ended)
    assert cluster.is_running()


def test_five_ups_at_once_migrate_a_server_of_ones_own(cluster: Cluster) -> None:
    """A lock in this machine's folders does not bind the processes of another one."""
    start_private_cluster()
    create_database(cluster.url("postgres"), "own")
    own = {"HYDRA_DATABASE_URL": cluster.url("own"), **ENVIRONMENT}
    commands = [begin("up", **own) for _ in range(AT_ONCE)]
    ended = [end(command) for command in commands]
    assert [status for status, _ in ended] == [0] * AT_ONCE, ended


Recovering = tuple[Cluster, "subprocess.Popen[str]", int]


@pytest.fixture
def recovering(cluster: Cluster) -> Iterator[Recovering]:
    """A cluster that recovers from a kill, the command that waits for it, and the server's process.

    The process is stopped before it is ready: it is starting for as long as we want.
    """
    start_private_cluster()
    os.kill(postmaster(cluster), signal.SIGKILL)
    wait_for(lambda: cluster.state() is ServerState.STOPPED)
    starter = begin("up")
    wait_for(lambda: cluster.state() is ServerState.STARTING)
    process_id = postmaster(cluster)
    os.kill(process_id, signal.SIGSTOP)
    try:
        assert (starter.poll(), cluster.state()) == (None, ServerState.STARTING)
        yield cluster, starter, process_id
    finally:
        starter.kill()
        starter.communicate()
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGCONT)


def test_a_long_recovery_is_waited_for_told_and_not_begun_again(recovering: Recovering) -> None:
    """After 60 s it was killed and begun again, so that it never ended. The starter is killed here, too."""
    cluster, starter, process_id = recovering
    starter.kill()
    second = begin("up")
    time.sleep(STANDSTILL_S)
    status, said = end(begin("status"))
    assert (status, "starting" in said, str(cluster.data) in said) == (0, True, True)
    assert (second.poll(), postmaster(cluster)) == (None, process_id)
    os.kill(process_id, signal.SIGCONT)
    status, said = end(second)
    assert (status, "The database server is starting" in said, "Ready" in said) == (0, True, True), said
    assert postmaster(cluster) == process_id


def test_down_stops_a_server_that_is_starting_and_its_starter_says_so(recovering: Recovering) -> None:
    """It said that no server was running, and left it."""
    cluster, starter, process_id = recovering
    down = begin("down")
    wait_for(lambda: is_asked_to_stop(process_id))
    os.kill(process_id, signal.SIGCONT)
    assert end(down)[0] == 0
    assert cluster.state() is ServerState.STOPPED
    status, said = end(starter)
    assert (status, "Traceback" in said, "reset" in said) == (1, False, False), said


def test_the_crash_of_one_session_is_waited_for_too(cluster: Cluster) -> None:
    """The server ends all sessions and recovers; its file says all the time that it is ready."""
    start_private_cluster()
    with connect(cluster.url("postgres")) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
    before = postmaster(cluster)
    assert end(begin("up"))[0] == 0
    assert postmaster(cluster) == before


def test_no_advice_to_delete_where_permissions_are_the_cause(cluster: Cluster) -> None:
    """`db reset` was advised where the disk was full or closed: everything would be gone for nothing."""
    start_private_cluster()
    cluster.stop()
    closed, owner = cluster.data / "global", cluster.owner()
    CALLER_OF_TESTS.give(closed)
    closed.chmod(0)
    try:
        status, said = end(begin("up"))
        assert (status, "Permission denied" in said, "reset" in said) == (1, True, False), said
    finally:
        closed.chmod(0o700)
        owner.give(closed)
    start_private_cluster()


def test_removing_a_server_that_is_starting_stops_it_first(recovering: Recovering) -> None:
    cluster, starter, process_id = recovering
    starter.kill()
    remove = begin("remove", "--yes")
    wait_for(lambda: is_asked_to_stop(process_id))
    os.kill(process_id, signal.SIGCONT)
    status, said = end(remove)
    assert (status, cluster.data.exists()) == (0, False), said
    assert not is_postmaster(process_id, cluster.data)


@pytest.mark.parametrize("moment", ["put aside", "half deleted"])
def test_a_reset_killed_in_the_middle_leaves_what_the_next_start_uses_or_clears(
    cluster: Cluster, moment: str
) -> None:
    """It left a folder with half of a database, which `db up` could not use."""
    start_private_cluster()
    # Deleting them takes long enough to be caught in it.
    for number in range(FILES):
        (cluster.data / "base" / f"file{number}").touch()
    reached: dict[str, Callable[[], bool]] = {
        "put aside": lambda: not (cluster.data / "PG_VERSION").exists(),
        "half deleted": lambda: files_left(cluster) < FILES // 2,
    }
    reset = begin("reset", "--yes")
    wait_for(reached[moment])
    reset.kill()
    assert end(reset)[0] == -signal.SIGKILL
    start_private_cluster()
    assert cluster.is_running()
    assert list(left_overs(cluster.home)) == []
