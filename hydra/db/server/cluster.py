"""One PostgreSQL cluster in a folder: created, started, stopped, and recovered after any crash.

home/data is the cluster (complete or absent); home/password and home/port say how to connect; home/server.log
is the server's log; home/start.lock is held while the state changes.
"""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hydra.db.server.access import PG_HBA, new_password, scram_verifier
from hydra.db.server.account import ServerAccount
from hydra.db.server.lock import exclusive
from hydra.db.server.ports import LOOPBACK, choose_free, is_free
from hydra.db.server.processes import is_postmaster, kill_processes_in
from hydra.db.server.programs import Programs
from hydra.errors import DatabaseError

SUPERUSER: Final = "hydra"
START_TIMEOUT_S: Final = 60
START_ATTEMPTS: Final = 3
LOG_LINES_SHOWN: Final = 12
# Line numbers in postmaster.pid, from 0.
STATUS_LINE: Final = 7
# The kernel's limit is 107 bytes, of which the socket's own name takes up to 16.
MAX_SOCKET_FOLDER_BYTES: Final = 90
# pg_ctl starts the server through a shell and puts paths between double quotes.
_NOT_FOR_PG_CTL: Final = frozenset('"$`\\\n')

# Settings for a machine of a few GiB; one statement may lock hundreds of chunks.
SETTINGS: Final[Mapping[str, str]] = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "listen_addresses": LOOPBACK,
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "max_locks_per_transaction": "512",
    "max_worker_processes": "24",
    "timescaledb.max_background_workers": "8",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
}


@dataclass(frozen=True)
class Cluster:
    """The cluster in `home`, run by `account` with `programs`; `extra_settings` go over SETTINGS."""

    home: Path
    programs: Programs
    account: ServerAccount
    extra_settings: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> Path:
        """The data directory: a complete cluster, or absent."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server writes to its standard error."""
        return self.home / "server.log"

    def password_file(self, login: str = SUPERUSER) -> Path:
        """The password of `login`: a file of the caller, mode 0600. The server's account cannot read it."""
        return self.home / ("password" if login == SUPERUSER else f"password-{login}")

    def keep_password(self, login: str, password: str) -> None:
        """Store the password of `login`, so that `url` gives it. The server is not told."""
        self._write_private(self.password_file(login), password)

    def port(self) -> int:
        """The port of the last start."""
        return int((self.home / "port").read_text(encoding="ascii"))

    def url(self, database: str, login: str = SUPERUSER) -> str:
        """How to reach `database` as `login`, password included."""
        password = self.password_file(login).read_text(encoding="ascii")
        return f"postgresql://{login}:{password}@{LOOPBACK}:{self.port()}/{quote(database, safe='')}"

    def is_running(self) -> bool:
        """Whether the server accepts connections: its pid file says so, and that process is alive."""
        note = self.data / "postmaster.pid"
        lines = note.read_text(encoding="utf-8").splitlines() if note.is_file() else []
        is_ready = len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
        return is_ready and is_postmaster(int(lines[0]), self.data)

    def start(self) -> None:
        """Create the cluster if there is none and start its server unless it runs. Safe to repeat.

        Raises:
            DatabaseError: it did not start; shows the end of the log and says what to do.
        """
        self._prepare_home()
        with exclusive(self.home / "start.lock"):
            self._take_password()
            if self.is_running():
                return
            if not self.data.is_dir():
                self._initialise()
            self._clear_after_kill()
            self._start_server()

    def stop(self) -> None:
        """Stop the server if it runs: sessions are ended, everything committed is kept."""
        if not self.home.is_dir():
            return
        with exclusive(self.home / "start.lock"):
            if self.is_running():
                self._control("stop", "-m", "fast")

    def remove(self) -> None:
        """Stop the server and delete the cluster with all its data."""
        self.stop()
        if self.home.is_dir():
            with exclusive(self.home / "start.lock"):
                self._kill_servers_in(self.home)
                for path in (self.data, self._socket_folder(), *self.home.glob("building-*")):
                    shutil.rmtree(path, ignore_errors=True)
                for path in (*self.home.glob("password*"), self.home / "port", self.log):
                    path.unlink(missing_ok=True)

    def _prepare_home(self) -> None:
        self._refuse_unusable_name()
        self.account.make_folder(self.home)
        self.account.refuse_closed_path(self.home)
        self.account.give(self.home)
        self.home.chmod(0o700)

    def _refuse_unusable_name(self) -> None:
        odd = sorted(_NOT_FOR_PG_CTL & set(str(self.home)))
        if odd:
            raise DatabaseError(
                f"the database cannot lie in {self.home}: pg_ctl does not take {' '.join(odd)} in a path. "
                f"Set HYDRA_STATE_DIRECTORY to another place, or move the checkout"
            )

    def _initialise(self) -> None:
        for left_over in self.home.glob("building-*"):
            self._kill_servers_in(left_over)
            shutil.rmtree(left_over)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=self.home))
        self.account.give(building)
        password = new_password()
        self.keep_password(SUPERUSER, password)
        # initdb reads a file of the server's account, which must not learn the password.
        verifier = building / "verifier"
        self._write_for_server(verifier, scram_verifier(password))
        self._run(
            "initdb",
            *("-D", str(building / "data"), "--username", SUPERUSER, "--pwfile", str(verifier)),
            *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
            # Created inside the folder, so that the next start finds it if this one is killed.
            folder=building,
        )
        with (building / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("include 'hydra.conf'\n")
        verifier.unlink()
        (building / "data").rename(self.data)
        building.rmdir()

    def _clear_after_kill(self) -> None:
        # Backends that outlive a killed postmaster hold its shared memory: nothing starts before they end.
        self._kill_servers_in(self.data)
        # PostgreSQL takes the process of a stale pid file for alive until its parent has reaped it.
        for note in (self.data / "postmaster.pid", *self._socket_folder().glob(".s.PGSQL.*")):
            note.unlink(missing_ok=True)

    def _kill_servers_in(self, folder: Path) -> None:
        with self.account.acting():
            kill_processes_in(folder)

    def _start_server(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            port = self._usable_port()
            self._write_settings(port)
            try:
                self._control("start", "-l", str(self.log), "-t", str(START_TIMEOUT_S))
            except DatabaseError:
                # Another process took the port between the check and the start.
                if attempt == START_ATTEMPTS or is_free(port):
                    raise
            else:
                return

    def _usable_port(self) -> int:
        remembered = self.home / "port"
        if remembered.is_file() and is_free(self.port()):
            return self.port()
        port = choose_free()
        self._write_private(remembered, str(port))
        return port

    def _write_settings(self, port: int) -> None:
        sockets = self._socket_folder()
        values = {**SETTINGS, "port": str(port), "unix_socket_directories": str(sockets)}
        values.update(self.extra_settings)
        quoted = {key: value.replace("'", "''") for key, value in values.items()}
        text = "".join(f"{key} = '{value}'\n" for key, value in quoted.items())
        self._write_for_server(self.data / "hydra.conf", text)
        self._write_for_server(self.data / "pg_hba.conf", PG_HBA)

    def _socket_folder(self) -> Path:
        folder = self.home / "socket"
        # The server takes a list of folders, with commas between them.
        if len(os.fsencode(folder)) > MAX_SOCKET_FOLDER_BYTES or "," in str(folder):
            name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"hydra-{name}"
        try:
            folder.mkdir(mode=0o700)
            self.account.give(folder)
        except FileExistsError:
            self._refuse_foreign(folder)
        return folder

    def _refuse_foreign(self, folder: Path) -> None:
        # In the machine's temporary folder, any user can create a folder, or a link to one of ours.
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.account.user_id:
            raise DatabaseError(
                f"{folder} belongs to somebody else and the server's socket cannot be put there: "
                f"remove it, or set HYDRA_STATE_DIRECTORY to a shorter path"
            )

    def _take_password(self) -> None:
        """Older versions gave the superuser's password file to the server's account."""
        kept = self.password_file()
        if kept.is_file() and kept.stat().st_uid != os.geteuid():
            self.keep_password(SUPERUSER, kept.read_text(encoding="ascii"))

    def _write_private(self, path: Path, text: str, owner: ServerAccount | None = None) -> None:
        """Write a whole file of mode 0600 that belongs to the caller, or to `owner`."""
        descriptor, name = tempfile.mkstemp(prefix="writing-", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if owner is not None:
            owner.give(Path(name))
        Path(name).replace(path)

    def _write_for_server(self, path: Path, text: str) -> None:
        self._write_private(path, text, self.account)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-s", *arguments, folder=self.data)

    def _run(self, program: str, *arguments: str, folder: Path) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            done = subprocess.run(
                [self.programs.path(program), *arguments],
                cwd=folder,
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
                **self.account.process_options(),
            )
            output.seek(0)
            said = output.read().strip()
        if done.returncode != 0:
            raise DatabaseError(self._failure(program, said))

    def _failure(self, program: str, said: str) -> str:
        log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        shown = [*said.splitlines(), *log.splitlines()[-LOG_LINES_SHOWN:]]
        lines = "\n".join(f"  {line}" for line in shown)
        return (
            f"the private database server failed at {program}:\n{lines}\n"
            f"Fix what the lines say (disk space and memory first; the whole log: {self.log}) and run "
            f"`hydra db up` again; `hydra db reset` starts from an empty database"
        )
