"""The account that runs the private server, and a place for its files that this account can read.

PostgreSQL refuses to run as root. If root starts it, it runs as an account that already exists, in
directories that this account can enter (root's home is closed to it).
"""

import hashlib
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hydra import paths
from hydra.errors import DatabaseError

ACCOUNTS_FOR_ROOT: Final = ("postgres", "nobody")
CACHE_FOR_ROOT: Final = Path("/var/cache/hydra")
STATE_FOR_ROOT: Final = Path("/var/lib/hydra")


@dataclass(frozen=True)
class ServerAccount:
    """The account that owns the cluster; is_other: it is not the caller's own."""

    user_id: int
    group_id: int
    name: str
    is_other: bool

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that run a command as this account."""
        if not self.is_other:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": ()}

    def give(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        if self.is_other:
            os.chown(path, self.user_id, self.group_id)

    def make_folder(self, path: Path) -> None:
        """Create `path` and its missing parents so that this account can enter them, whatever the umask."""
        if not self.is_other:
            path.mkdir(parents=True, exist_ok=True)
            return
        for folder in (*reversed(path.parents), path):
            if not folder.exists():
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)

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
        """Raise DatabaseError if a folder above `path` cannot be traversed by this account."""
        for folder in reversed(path.resolve().parents) if self.is_other else ():
            if folder.exists() and not self._can_traverse(folder):
                raise DatabaseError(
                    f"the database server runs as {self.name}, which cannot enter {folder}: "
                    f"set HYDRA_STATE_DIRECTORY to a place open to it, or run as an ordinary user"
                )

    def _can_traverse(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.user_id:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & (0o010 if status.st_gid == self.group_id else 0o001))


def server_account() -> ServerAccount:
    """The caller, or as root the first existing account of ACCOUNTS_FOR_ROOT.

    Raises:
        DatabaseError: the caller is root and there is no such account.
    """
    if os.geteuid() != 0:
        return ServerAccount(os.geteuid(), os.getegid(), str(os.geteuid()), is_other=False)
    for name in ACCOUNTS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(entry.pw_uid, entry.pw_gid, name, is_other=True)
    raise DatabaseError(
        "PostgreSQL does not run as root, and neither of the accounts "
        f"{' and '.join(ACCOUNTS_FOR_ROOT)} exists: run HYDRA as an ordinary user, or set HYDRA_DATABASE_URL"
    )


def package_cache(account: ServerAccount) -> Path:
    """Where the server's packages and programs are kept, for all checkouts."""
    return CACHE_FOR_ROOT if account.is_other else paths.cache_directory()


def cluster_home(account: ServerAccount) -> Path:
    """Where this checkout's cluster lives. `HYDRA_STATE_DIRECTORY` wins, for root too."""
    if not account.is_other or "HYDRA_STATE_DIRECTORY" in os.environ:
        return paths.state_directory().absolute()
    checkout = hashlib.sha256(os.fsencode(paths.PROJECT_ROOT)).hexdigest()[:12]
    return STATE_FOR_ROOT / checkout
