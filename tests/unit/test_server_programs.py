"""The cache of the server's programs is used only while it is whole."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from hydra.db.server.account import ServerAccount
from hydra.db.server.programs import MANIFEST, is_whole
from hydra.errors import DatabaseError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "a.deb").write_bytes(b"archive")
    digests = {"a.deb": hashlib.sha256(b"archive").hexdigest()}
    (tmp_path / MANIFEST).write_text(json.dumps(digests))
    return tmp_path


def test_a_cache_with_all_its_files_is_whole(home: Path) -> None:
    assert is_whole(home)


def test_a_changed_file_is_noticed(home: Path) -> None:
    (home / "a.deb").write_bytes(b"Archive")
    assert not is_whole(home)


@pytest.mark.parametrize("name", ["a.deb", MANIFEST])
def test_a_missing_file_is_noticed(home: Path, name: str) -> None:
    (home / name).unlink()
    assert not is_whole(home)


@pytest.mark.parametrize("cut", ["", '{"a.deb": "12'])
def test_a_list_cut_short_by_a_power_failure_is_noticed(home: Path, cut: str) -> None:
    (home / MANIFEST).write_text(cut)
    assert not is_whole(home)


def test_folders_made_for_another_account_are_open_to_it_whatever_the_umask(tmp_path: Path) -> None:
    stranger = ServerAccount(os.getuid() + 4711, os.getgid() + 4711, is_other=True)
    mask = os.umask(0o077)
    try:
        stranger.make_folder(tmp_path / "cache" / "hydra")
    finally:
        os.umask(mask)
    modes = [folder.stat().st_mode & 0o777 for folder in (tmp_path / "cache", tmp_path / "cache" / "hydra")]
    assert modes == [0o755, 0o755]


def test_a_folder_closed_to_the_servers_account_is_refused_by_name(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = ServerAccount(os.getuid() + 4711, os.getgid() + 4711, is_other=True)
    with pytest.raises(
        DatabaseError, match=r"runs as another user, which cannot enter .*HYDRA_STATE_DIRECTORY"
    ):
        stranger.refuse_closed_path(closed / "state")
