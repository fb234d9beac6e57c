"""The account that runs the private server, and a place for its files that this account can read.

PostgreSQL refuses to run as root. Each cluster of root runs under a user id of its own, without a name and
used by nothing else, so that no other process can read its files or signal its server. `initdb` alone asks
for the name of its account: it runs as one that exists, and what it made then changes hands. Root's home is
closed to all these accounts, so the files lie elsewhere.
"""

import hashlib
import os
import pwd
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hydra import paths
from hydra.errors import DatabaseError

ACCOUNTS_FOR_ROOT: Final = ("postgres", "nobody")
CACHE_FOR_ROOT: Final = Path("/var/cache/hydra")
STATE_FOR_ROOT: Final = Path("/var/lib/hydra")
# Ids that distributions, useradd, systemd and the containers of users leave free; the second range is for
# containers, whose ids end at 65535.
OWN_IDS: Final = (range(65_536, 100_000), range(60_578, 61_184))
_PROC: Final = Path("/proc")


@dataclass(frozen=True)
class ServerAccount:
    """The account that owns a cluster; is_other: it is not the caller's own."""

    user_id: int
    group_id: int
    is_other: bool

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that run a command as this account."""
        if not self.is_other:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": ()}

    @property
    def is_own(self) -> bool:
        """Whether nothing but one cluster of root runs as this account."""
        return any(self.user_id in ids for ids in OWN_IDS)

    def give(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        if self.is_other:
            os.chown(path, self.user_id, self.group_id, follow_symlinks=False)

    def give_tree(self, top: Path) -> None:
        """Make this account the owner of all below `top`, and of `top` last. Links are not followed."""
        for _, folders, files, descriptor in os.fwalk(top.resolve(), topdown=False):
            for name in (*folders, *files):
                os.chown(name, self.user_id, self.group_id, dir_fd=descriptor, follow_symlinks=False)
            os.fchown(descriptor, self.user_id, self.group_id)

    def owner_of(self, path: Path) -> "ServerAccount":
        """The account that runs what lies in `path`: its owner if root asks, else the caller."""
        if not self.is_other:
            return self
        status = path.stat()
        return ServerAccount(status.st_uid, status.st_gid, is_other=True)

    def make_folder(self, path: Path, mode: int = 0o755) -> None:
        """Create `path` with `mode`, and its missing parents so that this account can enter them.

        A folder that exists stays as it is.
        """
        if not self.is_other:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode, exist_ok=True)
            return
        # Whatever the umask, and at no moment with another mode: other processes may look.
        umask = os.umask(0)
        try:
            for folder in reversed(path.parents):
                folder.mkdir(0o755, exist_ok=True)
            path.mkdir(mode, exist_ok=True)
        finally:
            os.umask(umask)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Act as this account inside the block. It changes the whole process: main thread, briefly.

        The kernel shows a process's working directory to its own account, and to root only with a privilege
        that containers remove.
        """
        if not self.is_other:
            yield
            return
        caller_user, caller_group = os.geteuid(), os.getegid()
        os.setegid(self.group_id)
        os.seteuid(self.user_id)
        try:
            yield
        finally:
            os.seteuid(caller_user)
            os.setegid(caller_group)

    def refuse_closed_path(self, path: Path) -> None:
        """Raise DatabaseError if `path`, or a folder above it, cannot be entered by an account of HYDRA's."""
        for folder in (*reversed(path.resolve().parents), path) if self.is_other else ():
            if folder.exists() and not folder.stat().st_mode & 0o001:
                raise DatabaseError(
                    f"root's database server runs as another user, which cannot enter {folder}: "
                    f"set HYDRA_STATE_DIRECTORY to a place open to it, or run as an ordinary user"
                )


def server_account() -> ServerAccount:
    """The caller, or as root the first existing account of ACCOUNTS_FOR_ROOT: it makes clusters.

    Raises:
        DatabaseError: the caller is root and there is no such account.
    """
    if os.geteuid() != 0:
        return ServerAccount(os.geteuid(), os.getegid(), is_other=False)
    for name in ACCOUNTS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(entry.pw_uid, entry.pw_gid, is_other=True)
    raise DatabaseError(
        "PostgreSQL does not run as root, and neither of the accounts "
        f"{' and '.join(ACCOUNTS_FOR_ROOT)} exists: run HYDRA as an ordinary user, or set HYDRA_DATABASE_URL"
    )


def own_account() -> ServerAccount:
    """An account that nothing else on this machine uses, for one cluster of root.

    Raises:
        DatabaseError: this container gives no id of OWN_IDS.
    """
    taken = set(_owners((*_PROC.iterdir(), *STATE_FOR_ROOT.glob("*/data"))))
    known = (_PROC / "self/uid_map").read_text(encoding="ascii")
    for ids in OWN_IDS:
        if not is_mapped(ids, known):
            continue
        free = [number for number in ids if number not in taken]
        while _has_name(number := secrets.choice(free)):
            free.remove(number)
        return ServerAccount(number, number, is_other=True)
    raise DatabaseError(
        f"root's database server needs a user id in {' or '.join(f'{ids[0]}-{ids[-1]}' for ids in OWN_IDS)}, "
        "which this container has not: run HYDRA as an ordinary user, or set HYDRA_DATABASE_URL"
    )


def is_mapped(ids: range, uid_map: str) -> bool:
    """Whether `ids` exist here, by the kernel's `uid_map` (first id, its id outside, how many)."""
    lines = [line.split() for line in uid_map.splitlines()]
    spans = [range(int(first), int(first) + int(count)) for first, _, count in lines]
    return any(ids[0] in span and ids[-1] in span for span in spans)


def package_cache(account: ServerAccount) -> Path:
    """Where the server's packages and programs are kept, for all checkouts."""
    return CACHE_FOR_ROOT if account.is_other else paths.cache_directory()


def cluster_home(account: ServerAccount) -> Path:
    """Where this checkout's cluster lives. `HYDRA_STATE_DIRECTORY` wins, for root too."""
    if not account.is_other or "HYDRA_STATE_DIRECTORY" in os.environ:
        return paths.state_directory().absolute()
    checkout = hashlib.sha256(os.fsencode(paths.PROJECT_ROOT)).hexdigest()[:12]
    return STATE_FOR_ROOT / checkout


def _owners(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        # A process may end meanwhile, and its folder with it.
        with suppress(FileNotFoundError, ProcessLookupError):
            yield path.stat().st_uid


def _has_name(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True
