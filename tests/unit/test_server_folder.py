"""The folder of the private server: a stranger's files are neither used, changed nor deleted."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hydra.db.server.account import OWN_IDS, ServerAccount, is_mapped, own_account, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.folder import (
    DATA,
    INCLUDE,
    LOCK,
    delete_left_over,
    left_overs,
    new_building,
    prepare_folder,
    put_aside,
    refuse_strangers_files,
)
from hydra.db.server.lock import exclusive
from hydra.db.server.programs import Programs
from hydra.db.server.state import ServerState
from hydra.errors import DatabaseError
from tests.support.servers.editions import server_folder

CALLER = ServerAccount(os.geteuid(), os.getegid(), is_other=False)
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: only root has other accounts")


def cluster_of_hydra(home: Path) -> Path:
    data = home / DATA
    (data / "base").mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    (data / "postgresql.conf").write_text(f"# defaults\n{INCLUDE}")
    (home / LOCK).touch()
    return data


def test_a_new_folder_is_private_and_an_existing_one_keeps_its_mode(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "new", CALLER)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    (tmp_path / "old").mkdir(mode=0o750)
    prepare_folder(tmp_path / "old", CALLER)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o750


def test_a_folder_that_others_can_write_to_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(DatabaseError, match=r"others can change what lies in .*shared.*new folder"):
        prepare_folder(shared, CALLER)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


@ONLY_ROOT
@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777, 0o2775])
@pytest.mark.parametrize("owner", [0, 12_345])
def test_root_changes_neither_owner_nor_mode_of_a_folder_that_exists(mode: int, owner: int) -> None:
    """A shared folder was given to the server's account and closed to all others."""
    with server_folder() as folder:
        shared = folder / "shared"
        shared.mkdir()
        (shared / "report.txt").write_text("of somebody else")
        os.chown(shared, owner, owner)
        shared.chmod(mode)
        before = shared.stat()
        cluster = Cluster(shared, Programs(folder), server_account())
        with pytest.raises((DatabaseError, OSError)):
            cluster.start()
        after = shared.stat()
        assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
        assert (shared / "report.txt").stat().st_uid == 0


@pytest.mark.parametrize("version", [None, "15\n"])
def test_a_strangers_data_folder_is_neither_used_nor_deleted(tmp_path: Path, version: str | None) -> None:
    """Even where it is a database of PostgreSQL, but not one of HYDRA."""
    data = tmp_path / DATA
    data.mkdir()
    (data / "thesis.txt").write_text("years of work")
    if version is not None:
        (data / "PG_VERSION").write_text(version)
        (data / "postgresql.conf").write_text("port = 5432\n")
    cluster = Cluster(tmp_path, Programs(tmp_path), CALLER)
    for act in (cluster.start, cluster.remove):
        for is_held_by_hydra in (False, True):
            (tmp_path / LOCK).touch() if is_held_by_hydra else (tmp_path / LOCK).unlink(missing_ok=True)
            with pytest.raises(DatabaseError, match="not a database that HYDRA made"):
                act()
    assert (data / "thesis.txt").read_text() == "years of work"


def test_a_strangers_password_file_is_neither_overwritten_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    cluster = Cluster(tmp_path, Programs(tmp_path), CALLER)
    for act in (cluster.start, cluster.remove):
        with pytest.raises(DatabaseError, match="holds password of somebody else"):
            act()
    assert (tmp_path / "password").read_text() == "hunter2"


@pytest.mark.parametrize(
    "command", ["hydra db reset --yes", "hydra db remove --yes", "hydra.db.server.remove"]
)
def test_reset_remove_and_make_clean_leave_a_folder_without_a_cluster_alone(command: str) -> None:
    """`db reset` deleted a stranger's file in a `data` of its own."""
    with server_folder() as folder:
        file = folder / "state" / DATA / "file"
        file.parent.mkdir(parents=True)
        file.write_text("mine")
        environment = {key: value for key, value in os.environ.items() if key != "HYDRA_DATABASE_URL"}
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            env={**environment, "HYDRA_STATE_DIRECTORY": str(folder / "state")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, file.read_text()) == (1, "mine")
        assert "Traceback" not in done.stderr
        assert "not a database that HYDRA made" in done.stderr


def test_a_cluster_leaves_its_place_in_one_step_and_then_goes(tmp_path: Path) -> None:
    data = cluster_of_hydra(tmp_path)
    refuse_strangers_files(tmp_path)
    put_aside(data)
    assert not data.exists()
    left = list(left_overs(tmp_path))
    assert [(folder / DATA / "PG_VERSION").is_file() for folder in left] == [True]
    delete_left_over(left[0])
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_data_that_were_moved_to_another_disk_are_deleted_there(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    elsewhere = cluster_of_hydra(tmp_path / "disk")
    (tmp_path / "home" / DATA).symlink_to(elsewhere)
    put_aside(tmp_path / "home" / DATA)
    for folder in left_overs(tmp_path / "home"):
        delete_left_over(folder)
    assert not elsewhere.exists()
    assert list((tmp_path / "home").iterdir()) == []


def test_a_folder_whose_name_looks_like_a_left_over_stays(tmp_path: Path) -> None:
    (tmp_path / "building-materials").mkdir()
    alike = tmp_path / "building-plan2027"
    alike.mkdir()
    (alike / "drawing.pdf").touch()
    building = new_building(tmp_path)
    assert list(left_overs(tmp_path)) == [building]


def test_a_lock_whose_file_was_deleted_meanwhile_is_taken_again(tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    waits = []

    def delete_first(is_over: object) -> None:
        waits.append(is_over)
        if len(waits) == 1:
            lock.unlink()
        assert callable(is_over)
        assert is_over()

    with exclusive(lock, delete_first):
        assert (lock.exists(), len(waits)) == (True, 2)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", ServerState.STOPPED),
        ("-17\n", ServerState.STOPPED),
        ("{pid}\n", ServerState.STARTING),
        ("{pid}\na\nb\nc\nd\ne\nf\nstarting\n", ServerState.STARTING),
        ("{pid}\na\nb\nc\nd\ne\nf\nready   \n", ServerState.READY),
        ("{pid}\na\nb\nc\nd\ne\nf\nstopping\n", ServerState.STOPPING),
        ("1\na\nb\nc\nd\ne\nf\nready\n", ServerState.STOPPED),
    ],
)
def test_the_pid_file_and_a_living_process_say_what_the_server_does(
    tmp_path: Path, text: str, state: ServerState
) -> None:
    data = cluster_of_hydra(tmp_path)
    program = tmp_path / "postgres"
    program.symlink_to(sys.executable)
    words = [str(program), "-c", "import time; print(flush=True); time.sleep(60)", "-D", str(data)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (data / "postmaster.pid").write_text(text.format(pid=process.pid))
        assert Cluster(tmp_path, Programs(tmp_path), CALLER).state() is state
        process.kill()


@ONLY_ROOT
def test_an_account_of_a_cluster_has_no_name_and_no_process() -> None:
    account = own_account()
    assert account.is_own
    assert any(account.user_id in ids for ids in OWN_IDS)
    assert not server_account().is_own


@pytest.mark.parametrize(
    ("uid_map", "expected"),
    [
        ("         0          0 4294967295\n", [True, True]),
        ("0 100000 65536\n", [False, True]),
        ("0 1000 1\n1 100000 65536\n", [False, True]),
        ("0 1000 1\n", [False, False]),
    ],
)
def test_a_container_uses_ids_that_it_has(uid_map: str, expected: list[bool]) -> None:
    assert [is_mapped(ids, uid_map) for ids in OWN_IDS] == expected


@ONLY_ROOT
def test_a_tree_changes_hands_without_the_targets_of_its_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "file").touch()
    top = tmp_path / "top"
    (top / "inner").mkdir(parents=True)
    (top / "inner" / "file").touch()
    (top / "link").symlink_to(outside / "deep" / "file")
    (top / "folder").symlink_to(outside / "deep")
    account = own_account()
    account.give_tree(top)
    mine = [top, *top.rglob("*")]
    assert {path.lstat().st_uid for path in mine} == {account.user_id}
    assert {path.lstat().st_uid for path in (outside, *outside.rglob("*"))} == {0}


@pytest.mark.parametrize("was_there", [True, False])
def test_no_other_account_can_open_a_lock(tmp_path: Path, *, was_there: bool) -> None:
    """Whoever can read a file can lock it: a stranger kept `hydra db up` waiting for ever."""
    lock = tmp_path / "lock"
    if was_there:
        lock.touch(0o644)
    with exclusive(lock):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_a_place_that_is_no_utf_8_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"\xff")
    with pytest.raises(DatabaseError, match="does not take"):
        Cluster(home, Programs(tmp_path), CALLER).start()
    assert not home.exists()
