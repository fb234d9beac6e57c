"""The server's programs: unpacked from the packages into one folder and patched to run from there.

The folder is complete or absent: it is built beside its final place and then renamed.
Source: docs/database.md, "The private server".
"""

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hydra.db.server import packages
from hydra.db.server.account import server_account
from hydra.db.server.lock import exclusive
from hydra.db.server.pins import pinned, refuse_other_files, sha256_of, unpinned_files
from hydra.errors import DatabaseError

LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"
PROGRAMS: Final = "usr/lib/postgresql/17/bin"
RELOCATED: Final = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_isready", "pg_controldata")
# Changes with the packages and the steps applied to them, so that an old cache is not used.
FOLDER_NAME: Final = "timescaledb-trixie-x86_64-1"
MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Programs:
    """A PostgreSQL installation with TimescaleDB: the folder of `postgres`, `initdb`, `pg_ctl`, `psql`."""

    folder: Path

    def path(self, name: str) -> str:
        """The program `name` as an absolute path."""
        return str(self.folder / name)

    def unpinned_packages(self) -> list[str]:
        """The archives that HYDRA does not pin: apt alone checked them, against Debian's signed index."""
        return unpinned_files(self.folder.parents[4] / "packages")


def prepared(cache: Path) -> Programs:
    """The private server's programs, downloaded into `cache` unless a complete set is already there.

    If two processes call this at once, one downloads and the other waits.

    Raises:
        DatabaseError: not an x86-64 machine, the packages could not be fetched or unpacked, or an archive is
            not the one that is pinned.
    """
    if platform.machine() != "x86_64" or sys.platform != "linux":
        raise DatabaseError(f"the private database server runs on x86-64 Linux only: {packages.INSTEAD}")
    server_account().make_folder(cache)
    home = cache / FOLDER_NAME
    with exclusive(cache / "fetch.lock"):
        if not is_whole(home):
            _fetch(cache, home)
        refuse_other_files(home / "packages", pinned())
    return Programs(home / PROGRAMS)


def is_whole(home: Path) -> bool:
    """Whether every archive and program under `home` has the sha256 of the manifest."""
    manifest = home / MANIFEST
    if not manifest.is_file():
        return False
    try:
        expected = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError:
        # Truncated by a power failure.
        return False
    return all(sha256_of(home / name) == digest for name, digest in expected.items())


def _fetch(cache: Path, home: Path) -> None:
    for left_over in cache.glob("building-*"):
        shutil.rmtree(left_over)
    shutil.rmtree(home, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as name:
        # mkdtemp creates a private folder; if root runs this, the server's account must get in.
        building = Path(name) / "home"
        archives = building / "packages"
        archives.mkdir(parents=True)
        packages.download(archives, Path(name) / "apt")
        _unpack(archives, building)
        _write_manifest(building)
        building.rename(home)


def _unpack(archives: Path, home: Path) -> None:
    for archive in sorted(archives.glob("*.deb")):
        _run("dpkg", "-x", str(archive), str(home))
    patchelf = _patchelf()
    libraries = home.parent.parent / FOLDER_NAME / LIBRARIES
    for program in RELOCATED:
        _run(
            patchelf,
            *("--set-interpreter", f"{libraries}/ld-linux-x86-64.so.2"),
            *("--set-rpath", str(libraries), "--force-rpath", str(home / PROGRAMS / program)),
        )


def _write_manifest(home: Path) -> None:
    files = [*(home / "packages").glob("*.deb"), *(home / PROGRAMS).iterdir()]
    files += (home / "usr/lib/postgresql/17/lib").glob("timescaledb*.so")
    files += [path for path in (home / LIBRARIES).iterdir() if not path.is_symlink() and path.is_file()]
    digests = {str(path.relative_to(home)): sha256_of(path) for path in sorted(files)}
    (home / MANIFEST).write_text(json.dumps(digests, indent=1), encoding="utf-8")


def _patchelf() -> str:
    beside_python = Path(sys.executable).parent / "patchelf"
    found = str(beside_python) if beside_python.is_file() else shutil.which("patchelf")
    if found is None:
        raise DatabaseError(
            "the program patchelf is missing: install HYDRA's dependencies again (`make setup`)"
        )
    return found


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise DatabaseError(f"the program {command[0]} is missing: {packages.INSTEAD}") from None
    except subprocess.CalledProcessError as error:
        raise DatabaseError(
            f"unpacking the database server failed at `{' '.join(command[:2])}`: {error.stderr.strip()}. "
            f"Check the space on the disk, or {packages.INSTEAD}"
        ) from None
