"""The server's packages are those that HYDRA pins, or newer ones that Debian signed."""

import hashlib
import os
from pathlib import Path

import pytest

from hydra.db.server import packages
from hydra.db.server.pins import Archive, complaint, offered, pinned, refuse_other_files, unpinned
from hydra.db.server.sources import AptSource
from hydra.errors import DatabaseError

OLD = Archive("libx1", "1%3a2.0-1", "libx1_1%3a2.0-1_amd64.deb", "a" * 64)
NEW = Archive("libx1", "1%3a2.0-2", "libx1_1%3a2.0-2_amd64.deb", "b" * 64)
NEWER = Archive("libx1", "1%3a2.0-10", "libx1_1%3a2.0-10_amd64.deb", "c" * 64)
OTHER = Archive("liby", "3-1", "liby_3-1_amd64.deb", "d" * 64)
PINS = (OLD, NEW, OTHER)


def changed(archive: Archive) -> Archive:
    return Archive(archive.name, archive.version, archive.file_name, "e" * 64)


def test_every_package_is_pinned_by_name_version_and_sha256() -> None:
    names = {pin.name for pin in pinned()}
    assert {"postgresql-17", "postgresql-17-timescaledb", "libc6", "libssl3t64"} <= names
    assert len({pin.file_name for pin in pinned()}) == len(pinned()) >= 39


def test_the_answer_of_apt_is_read() -> None:
    line = f"'http://m.test/pool/libx1_2.0-1_amd64.deb' libx1_1%3a2.0-1_amd64.deb 57680 SHA256:{'a' * 64}\n"
    assert offered(line) == [OLD]


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_pinned_version_is_taken_from_any_mirror(version: Archive, is_signed: bool) -> None:
    assert complaint([version, OTHER], PINS, is_signed=is_signed) is None


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_pinned_version_with_another_sha256_is_refused_before_it_is_fetched(is_signed: bool) -> None:
    with pytest.raises(DatabaseError, match=r"libx1_1%3a2.0-2_amd64.deb is not the archive .*Nothing of it"):
        complaint([changed(NEW), OTHER], PINS, is_signed=is_signed)


def test_a_newer_version_is_taken_from_a_signed_index_only() -> None:
    assert complaint([NEWER, OTHER], PINS, is_signed=True) is None
    assert unpinned([NEWER, OTHER], PINS) == [NEWER]
    reason = complaint([NEWER, OTHER], PINS, is_signed=False)
    assert reason == "HYDRA does not pin libx1 1:2.0-10, and this mirror's index is not signed"


def test_an_older_version_is_refused_although_it_is_signed() -> None:
    between = Archive("libx1", "1%3a2.0-1.5", "libx1_1%3a2.0-1.5_amd64.deb", "f" * 64)
    assert (
        complaint([between, OTHER], PINS, is_signed=True) == "it has libx1 1:2.0-1.5, older than HYDRA's pins"
    )


def test_a_mirror_without_a_package_is_refused() -> None:
    assert complaint([NEW], PINS, is_signed=True) == "it has no liby"


def test_a_changed_archive_in_the_cache_is_refused(tmp_path: Path) -> None:
    whole = Archive("liby", "3-1", "liby_3-1_amd64.deb", hashlib.sha256(b"archive").hexdigest())
    (tmp_path / whole.file_name).write_bytes(b"archive")
    refuse_other_files(tmp_path, [whole, OLD])
    (tmp_path / whole.file_name).write_bytes(b"Archive")
    with pytest.raises(DatabaseError, match=r"liby_3-1_amd64\.deb is not the archive that HYDRA knows"):
        refuse_other_files(tmp_path, [whole])


def test_a_source_that_is_trusted_without_a_signature_is_known() -> None:
    assert AptSource("http://m.test/debian", ("bookworm",), ("main",)).is_signed
    assert not AptSource("http://m.test/debian", ("bookworm",), ("main",), ("Trusted: yes",)).is_signed


def test_what_a_lying_mirror_sends_is_refused_and_not_kept_for_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for apt offers the pinned sha256 and sends other bytes."""
    sums = "".join(f"'http://m.test/x' {pin.file_name} 1 SHA256:{pin.sha256}\n" for pin in pinned())
    (tmp_path / "sums").write_text(sums)
    apt = tmp_path / "apt-get"
    apt.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *--print-uris*) cat {tmp_path}/sums;;\n'
        f"*download*) for name in $(cut -d' ' -f2 {tmp_path}/sums); do echo evil >$name; done;; esac\n"
    )
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(
        packages, "read_sources", lambda: [AptSource("http://m.test/debian", ("bookworm",), ("main",))]
    )
    folder = tmp_path / "archives"
    folder.mkdir()
    with pytest.raises(DatabaseError, match="is not the archive that HYDRA knows"):
        packages.download(folder, tmp_path / "work")
