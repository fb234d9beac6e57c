"""The private server starts again after any kill, keeps to itself, and says why it cannot start."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hydra.db.edition import find, refuse_unusable
from hydra.db.engine import connect
from hydra.db.server.account import package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.processes import is_postmaster, processes_in
from hydra.db.server.programs import prepared
from hydra.errors import DatabaseError
from tests.support.servers.editions import SETTINGS_FOR_TESTS, server_folder

STARTER = "from hydra.db.server.private import start_private_cluster as start; start()"

# Started, seen; the same one at a second start; gone after its postmaster was killed; started again.
TWICE = """
import os, signal, time
from hydra.db.server.private import start_private_cluster as start
cluster = start()
print(cluster.is_running())
first = (cluster.data / "postmaster.pid").read_text().split()[0]
start()
print(first == (cluster.data / "postmaster.pid").read_text().split()[0])
os.kill(int(first), signal.SIGKILL)
time.sleep(0.5)
print(cluster.is_running())
print(start().is_running())
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with server_folder() as folder:
        cluster = new_cluster(folder)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.remove()


def new_cluster(folder: Path) -> Cluster:
    account = server_account()
    programs = prepared(package_cache(account))
    return Cluster(folder / "state", programs, account, extra_settings=SETTINGS_FOR_TESTS)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def kill_postmaster(cluster: Cluster) -> None:
    victim = postmaster(cluster)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_postmaster(victim, cluster.data):
        assert time.monotonic() < deadline, "the killed process does not end"
        time.sleep(0.005)


def answer(cluster: Cluster, query: str) -> object:
    with connect(cluster.url("postgres")) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_starting_twice_keeps_the_same_server(running: Cluster) -> None:
    before = postmaster(running)
    running.start()
    assert postmaster(running) == before


def test_what_was_committed_survives_a_killed_postmaster(running: Cluster) -> None:
    with connect(running.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.execute("CHECKPOINT")
        kill_postmaster(running)
    assert not running.is_running()
    running.start()
    assert answer(running, "SELECT answer FROM kept") == 42


def test_a_backend_that_outlived_its_postmaster_does_not_block_the_start(running: Cluster) -> None:
    with connect(running.url("postgres")) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        kill_postmaster(running)
        running.start()
        with running.owner().acting():
            assert backend not in processes_in(running.data)
    assert answer(running, "SELECT 1") == 1


def test_a_person_who_stands_in_the_folder_is_not_killed_with_what_a_kill_left(running: Cluster) -> None:
    kill_postmaster(running)
    with subprocess.Popen(["sleep", "60"], cwd=running.data) as person:  # noqa: S607  # any program will do
        try:
            running.start()
            assert person.poll() is None
        finally:
            person.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: only root runs the server as another account")
def test_root_without_the_privilege_to_trace_others_sees_and_stops_its_server() -> None:
    """As in a container: there root may not look where another account's processes work."""
    with server_folder() as folder:
        cluster = new_cluster(folder)
        try:
            done = subprocess.run(
                ["setpriv", "--bounding-set=-sys_ptrace", sys.executable, "-c", TWICE],  # noqa: S607  # Debian's
                env={**os.environ, "HYDRA_STATE_DIRECTORY": str(cluster.home)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.stdout.split() == ["True", "True", "False", "True"], done.stderr
        finally:
            cluster.remove()


def test_a_taken_port_is_exchanged_for_a_free_one(running: Cluster) -> None:
    running.stop()
    taken = running.port()
    with socket.socket() as neighbour:
        neighbour.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        neighbour.bind(("127.0.0.1", taken))
        neighbour.listen()
        running.start()
    assert running.port() != taken
    assert answer(running, "SELECT 1") == 1


def test_two_state_folders_do_not_collide(running: Cluster) -> None:
    with server_folder() as folder:
        other = new_cluster(folder)
        try:
            other.start()
            assert other.port() != running.port()
            assert answer(other, "SHOW data_directory") == str(other.data)
            assert answer(running, "SHOW data_directory") == str(running.data)
        finally:
            other.remove()


@pytest.mark.parametrize("name", ["a place", "O'Brien", "a,b"])
def test_the_checkout_may_have_any_name_that_people_give(name: str) -> None:
    with server_folder() as folder:
        cluster = replace(new_cluster(folder), home=folder / name)
        try:
            cluster.start()
            assert answer(cluster, "SHOW data_directory") == str(cluster.data)
        finally:
            cluster.remove()


@pytest.mark.parametrize("name", ['a"b', "$HOME", "a`b", "a\\b"])
def test_a_place_that_the_shell_of_pg_ctl_would_change_is_refused(name: str) -> None:
    with server_folder() as folder:
        cluster = replace(new_cluster(folder), home=folder / name)
        with pytest.raises(DatabaseError, match=r"cannot lie in .*HYDRA_STATE_DIRECTORY"):
            cluster.start()
        assert not cluster.home.exists()


def test_secrets_are_readable_by_their_owner_only(running: Cluster) -> None:
    assert running.password_file().stat().st_mode & 0o777 == 0o600
    assert running.data.stat().st_mode & 0o777 == 0o700


def test_the_server_listens_on_loopback_and_nowhere_else(running: Cluster) -> None:
    assert answer(running, "SHOW listen_addresses") == "127.0.0.1"
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()]
    port = f":{running.port():04X}"
    local = [line.split()[1] for line in lines if " 0A " in line]
    assert [address for address in local if address.endswith(port)] == [f"0100007F{port}"]


def test_every_way_in_asks_for_a_scram_password(running: Cluster) -> None:
    methods = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    assert answer(running, methods) == ["scram-sha-256"]


def test_a_starter_killed_while_it_makes_the_cluster_leaves_nothing_in_the_way() -> None:
    with server_folder() as folder:
        cluster = replace(new_cluster(folder), extra_settings=())
        environment = {**os.environ, "HYDRA_STATE_DIRECTORY": str(cluster.home)}
        starter = subprocess.Popen([sys.executable, "-c", STARTER], env=environment)
        try:
            wait_until_initdb_works(cluster)
            starter.kill()
            starter.wait()
            assert not cluster.data.exists()
            cluster.start()
            assert answer(cluster, "SELECT 1") == 1
            assert list(cluster.home.glob("building-*")) == []
        finally:
            starter.kill()
            starter.wait()
            cluster.remove()


def wait_until_initdb_works(cluster: Cluster) -> None:
    deadline = time.monotonic() + 30
    while not any(cluster.home.glob("building-*/data/base")):
        assert time.monotonic() < deadline, "initdb did not begin"
        time.sleep(0.005)


def test_a_server_without_the_library_is_refused_and_a_bad_setting_shows_the_log() -> None:
    with server_folder() as folder:
        bare = replace(new_cluster(folder), extra_settings=(("shared_preload_libraries", ""),))
        try:
            bare.start()
            with connect(bare.url("postgres")) as connection:
                found = find(connection)
            with pytest.raises(DatabaseError, match="installed but not loaded"):
                refuse_unusable(found)
            bare.stop()
            broken = replace(bare, extra_settings=(("shared_buffers", "a lot"),))
            with pytest.raises(DatabaseError, match=r"(?s)shared_buffers.*a lot.*hydra db up"):
                broken.start()
        finally:
            bare.remove()


def test_a_planted_link_in_place_of_the_socket_folder_is_refused() -> None:
    with server_folder() as folder:
        cluster = replace(new_cluster(folder), home=folder / ("deep-" * 20) / "state")
        name = hashlib.sha256(os.fsencode(cluster.home)).hexdigest()[:12]
        planted = Path(tempfile.gettempdir()) / f"hydra-{name}"
        planted.symlink_to(folder)
        try:
            with pytest.raises(DatabaseError, match=r"belongs to somebody else.*shorter path"):
                cluster.start()
        finally:
            planted.unlink()
        try:
            cluster.start()
            assert answer(cluster, "SHOW unix_socket_directories") == str(planted)
        finally:
            cluster.remove()
        assert not planted.exists()
