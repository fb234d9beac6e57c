"""Who can log in to the private server, and read its files: the one who started it, and nobody else."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.db.server.account import OWN_IDS, package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.programs import prepared
from hydra.errors import DatabaseError
from tests.support.servers.editions import SETTINGS_FOR_TESTS, server_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: only root runs the server as others")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with server_folder() as folder:
        account = server_account()
        programs = prepared(package_cache(account))
        cluster = Cluster(folder / "state", programs, account, extra_settings=SETTINGS_FOR_TESTS)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.remove()


def answer(cluster: Cluster, query: str) -> object:
    with connect(cluster.url("postgres")) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def as_account(user_id: int, *command: str) -> "subprocess.CompletedProcess[str]":
    words = ["setpriv", f"--reuid={user_id}", f"--regid={user_id}", "--clear-groups", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_server_of_one_checkout_reads_neither_password_nor_data_of_another(cluster: Cluster) -> None:
    """All servers of root ran as one account: the superuser of one read the password of the other."""
    with server_folder() as folder:
        other = Cluster(folder / "state", cluster.programs, cluster.account, cluster.extra_settings)
        try:
            other.start()
            assert other.owner() != cluster.owner()
            for secret in (cluster.password_file(), other.password_file(), cluster.data / "pg_hba.conf"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    answer(other, f"SELECT pg_read_file('{secret}')")
        finally:
            other.remove()


def test_a_process_of_an_account_that_others_use_has_no_power_over_the_server(cluster: Cluster) -> None:
    """Neither by its files, nor by its socket, nor by a signal."""
    shared = server_account().user_id
    server = (cluster.data / "postmaster.pid").read_text().split()[0]
    socket = cluster.home / "socket" / f".s.PGSQL.{cluster.port()}"
    assert socket.is_socket()
    for command in (
        ("cat", str(cluster.password_file())),
        ("ls", str(cluster.data)),
        ("stat", str(socket)),
        ("kill", "-HUP", server),
        ("mv", str(cluster.data), str(cluster.home / "mine")),
    ):
        done = as_account(shared, *command)
        assert (done.returncode != 0, "ermi" in done.stderr or "ermi" in done.stdout) == (True, True), done


def test_the_superusers_password_is_needed_even_for_the_servers_own_account(cluster: Cluster) -> None:
    psql = cluster.programs.path("psql")
    owner = cluster.owner().user_id
    for host in ("127.0.0.1", str(cluster.home / "socket")):
        address = f"host={host} port={cluster.port()} user=hydra dbname=postgres"
        done = as_account(owner, psql, "-w", "-c", "SELECT 1", address)
        assert (done.returncode != 0, "no password supplied" in done.stderr) == (True, True), done
    assert as_account(owner, "cat", str(cluster.password_file())).returncode != 0


def make_as_old_versions_did(cluster: Cluster) -> None:
    """Everything belongs to the one account of all servers of root, and whoever comes is trusted."""
    cluster.stop()
    (cluster.data / "pg_hba.conf").write_text("local all all peer\nhost all all 127.0.0.1/32 trust\n")
    for path in (cluster.home, *cluster.home.rglob("*")):
        if path.name != "start.lock":
            os.chown(path, cluster.account.user_id, cluster.account.group_id)
    cluster.home.chmod(0o700)


def test_a_cluster_of_an_older_version_goes_on_with_its_data_and_asks_for_passwords(cluster: Cluster) -> None:
    with connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    make_as_old_versions_did(cluster)
    known = cluster.password_file().read_text()
    # As if a first start was killed while it changed the owner.
    os.chown(cluster.data / "base", OWN_IDS[0][0], OWN_IDS[0][0])
    cluster.start()
    assert answer(cluster, "SELECT answer FROM kept") == 42
    # Whoever read the password of the older version cannot log in with it any more.
    assert cluster.password_file().read_text() != known
    with pytest.raises(DatabaseError, match="refuses the password"):
        connect(cluster.url("postgres").replace(cluster.password_file().read_text(), known))
    assert answer(cluster, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules") == [
        "scram-sha-256"
    ]
    assert cluster.owner().is_own
    assert {path.stat().st_uid for path in (cluster.home, cluster.password_file())} == {0}
    assert {path.lstat().st_uid for path in cluster.data.rglob("*")} == {cluster.owner().user_id}


def test_a_running_server_of_an_older_version_goes_on_without_its_password_file(
    cluster: Cluster,
) -> None:
    make_as_old_versions_did(cluster)
    words = ("-D", str(cluster.data), "-w", "-s", "-l", str(cluster.log), "start")
    old = cluster.account.process_options()
    subprocess.run([cluster.programs.path("pg_ctl"), *words], check=True, cwd=cluster.data, **old)
    before = (cluster.data / "postmaster.pid").read_text().split()[0]
    cluster.start()
    assert (cluster.data / "postmaster.pid").read_text().split()[0] == before
    assert answer(cluster, "SELECT 1") == 1
    assert cluster.password_file().stat().st_uid == 0
    os.kill(int(before), signal.SIGKILL)
    cluster.start()
    assert (answer(cluster, "SELECT 1"), cluster.owner().is_own) == (1, True)


def test_a_copy_restored_by_root_is_used(cluster: Cluster) -> None:
    """`cp -r` as root gives the files to root, as whom PostgreSQL refuses to run."""
    cluster.stop()
    copy = cluster.home.with_name("copy")
    shutil.copytree(cluster.home, copy, symlinks=True)
    restored = Cluster(copy, cluster.programs, cluster.account, cluster.extra_settings)
    try:
        restored.start()
        assert (answer(restored, "SELECT 1"), restored.owner().is_own) == (1, True)
    finally:
        restored.remove()
