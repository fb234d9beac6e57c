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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hydra.db.server.access import PG_HBA, new_password, scram_verifier
from hydra.db.server.account import ServerAccount, own_account
from hydra.db.server.configuration import settings_text
from hydra.db.server.files import UNFINISHED, last_lines, write_private
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
from hydra.db.server.ports import LOOPBACK, choose_free, is_free
from hydra.db.server.processes import kill_processes_in
from hydra.db.server.programs import Programs
from hydra.db.server.state import ServerState, server_state
from hydra.db.server.waiting import Tell, Wait, tell_nobody, wait_until
from hydra.errors import DatabaseError

SUPERUSER: Final = "hydra"
START_ATTEMPTS: Final = 3
LOG_LINES_SHOWN: Final = 12
# The kernel's limit is 107 bytes, of which the socket's own name takes up to 16.
MAX_SOCKET_FOLDER_BYTES: Final = 90
# pg_ctl starts the server through a shell and puts paths between double quotes.
_NOT_FOR_PG_CTL: Final = frozenset('"$`\\\n')
# A recovery and a last checkpoint take as long as they take: pg_ctl ends earlier if the server does.
_NO_LIMIT: Final = ("-t", "1000000")


@dataclass(frozen=True)
class Cluster:
    """The cluster in `home`, made by `account` with `programs`; `extra_settings` go over SETTINGS."""

    home: Path
    programs: Programs
    account: ServerAccount
    extra_settings: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> Path:
        """The data directory: a complete cluster, or absent."""
        return self.home / DATA

    @property
    def log(self) -> Path:
        """What the server writes to its standard error."""
        return self.home / "server.log"

    def owner(self) -> ServerAccount:
        """The account that owns the data and runs the server."""
        return self.account.owner_of(self.data)

    def password_file(self, login: str = SUPERUSER) -> Path:
        """The password of `login`: a file of the caller, mode 0600. The server's account cannot read it."""
        return self.home / ("password" if login == SUPERUSER else f"password-{login}")

    def keep_password(self, login: str, password: str) -> None:
        """Store the password of `login`, so that `url` gives it. The server is not told."""
        write_private(self.password_file(login), password)

    def port(self) -> int:
        """The port of the last start."""
        return int((self.home / "port").read_text(encoding="ascii"))

    def url(self, database: str, login: str = SUPERUSER) -> str:
        """How to reach `database` as `login`, password included."""
        password = self.password_file(login).read_text(encoding="ascii")
        return f"postgresql://{login}:{password}@{LOOPBACK}:{self.port()}/{quote(database, safe='')}"

    def state(self) -> ServerState:
        """What the server does now.

        Raises:
            DatabaseError: the cluster is another user's.
        """
        return server_state(self.data)

    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        return self.state() is ServerState.READY

    def activity(self) -> str:
        """One sentence for a person who waits for this cluster."""
        state, said = self.state(), " ".join(last_lines(self.log, 1))
        if state is ServerState.STOPPED:
            return "Waiting for another HYDRA command that works on the database server ..."
        if state is ServerState.STOPPING:
            return "The database server is stopping: it writes to disk what it still holds in memory."
        if state is ServerState.STARTING:
            return (
                f"The database server is starting; after a crash it recovers first. Its log ends with: {said}"
            )
        return (
            f"The database server recovers, or another HYDRA command works on it. Its log ends with: {said}"
        )

    def start(self, tell: Tell = tell_nobody) -> None:
        """Create the cluster if there is none and start its server unless it runs. Safe to repeat.

        Returns when the server accepts connections, however long it recovers; `tell` hears what it waits for.

        Raises:
            DatabaseError: it did not start; shows the end of the log and says what to do.
        """
        self._refuse_unusable_name()
        prepare_folder(self.home, self.account)
        wait = self.waiting(tell)
        with exclusive(self.home / LOCK, wait):
            self._take_password()
            self._delete_left_overs()
            if not self.data.exists():
                self._initialise(wait)
            # A starter that was killed leaves a server that still starts: it is not begun again.
            if self._settle(wait) is ServerState.READY:
                return
            # Backends that outlive a killed postmaster hold its memory: nothing starts before they end.
            self._kill_servers_in(self.data)
            # PostgreSQL takes the process of a stale pid file for alive until its parent has reaped it.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self._make_owner_the_only_one(wait)
            self._make_socket_folder()
            self._start_server(wait)
            if self._settle(wait) is ServerState.STOPPED:
                raise DatabaseError(self._failure("postgres", ""))

    def stop(self, tell: Tell = tell_nobody) -> None:
        """Stop the server if it lives: sessions are ended, everything committed is kept.

        Raises:
            DatabaseError: the cluster is not HYDRA's, or the server cannot be stopped.
        """
        if (self.home / LOCK).exists():
            wait = self.waiting(tell)
            # Who waits for a recovery holds the lock: its server is stopped first.
            self._stop_server(wait)
            with exclusive(self.home / LOCK, wait):
                self._stop_server(wait)

    def remove(self, tell: Tell = tell_nobody) -> None:
        """Stop the server and delete the cluster with all its data.

        Raises:
            DatabaseError: the cluster is not HYDRA's, the server cannot be stopped, or something cannot be
                deleted; the next call continues.
        """
        refuse_strangers_files(self.home)
        self.stop(tell)
        if not (self.home / LOCK).exists():
            return
        with exclusive(self.home / LOCK, self.waiting(tell)):
            self._stop_server(self.waiting(tell))
            try:
                self._delete()
            except OSError as error:
                raise DatabaseError(
                    f"the data in {self.home} could not be deleted: {error}. "
                    "Correct that and run the same command again: it deletes the rest"
                ) from error

    def waiting(self, tell: Tell) -> Wait:
        """A wait that tells what this cluster does meanwhile."""
        return partial(wait_until, tell=tell, words=self.activity)

    def _refuse_unusable_name(self) -> None:
        unwritable = {letter for letter in str(self.home) if "\ud800" <= letter <= "\udfff"}
        odd = sorted(_NOT_FOR_PG_CTL & set(str(self.home)) | unwritable)
        if odd:
            raise DatabaseError(
                f"the database cannot lie in {self.home}: pg_ctl does not take {' '.join(odd)} in a path. "
                f"Set HYDRA_STATE_DIRECTORY to another place, or move the checkout"
            )

    def _delete(self) -> None:
        if self.data.exists():
            self._kill_servers_in(self.data)
            self._delete_socket_folder()
            put_aside(self.data)
        for path in (*self.home.glob("password*"), self.home / "port", self.log):
            path.unlink(missing_ok=True)
        self._delete_left_overs()

    def _delete_left_overs(self) -> None:
        for unfinished in (*self.home.glob(f"{UNFINISHED}*"), *self.data.glob(f"{UNFINISHED}*")):
            unfinished.unlink()
        for folder in left_overs(self.home):
            self._kill_servers_in(folder)
            delete_left_over(folder)

    def _initialise(self, wait: Wait) -> None:
        building = new_building(self.home)
        data, verifier = building / DATA, building / "verifier"
        password = new_password()
        self.keep_password(SUPERUSER, password)
        # initdb reads a file of the account that makes clusters, which must not learn the password.
        self.account.give(building)
        write_private(verifier, scram_verifier(password), self.account)
        self._run(
            self.account,
            "initdb",
            *("-D", str(data), "--username", SUPERUSER, "--pwfile", str(verifier)),
            *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
            # Created inside the folder, so that the next start finds it if this one is killed.
            folder=building,
            wait=wait,
        )
        if self.account.is_other:
            os.chown(building, os.geteuid(), os.getegid())
            own_account().give_tree(data)
        settings = data / "postgresql.conf"
        write_private(settings, settings.read_text(encoding="utf-8") + INCLUDE, self.account.owner_of(data))
        data.rename(self.data)
        verifier.unlink()
        building.rmdir()

    def _kill_servers_in(self, folder: Path) -> None:
        with self.account.owner_of(folder).acting():
            kill_processes_in(folder)

    def _make_owner_the_only_one(self, wait: Wait) -> None:
        """An older version ran all servers of root as one account, which could read all of them.

        The owner changes last: if this one is killed, the next start does all of it again.
        """
        if self.account.is_other and not self.owner().is_own:
            self._delete_socket_folder()
            self.log.unlink(missing_ok=True)
            self.account.give_tree(self.data)
            self._change_password(wait)
            own_account().give_tree(self.data)

    def _change_password(self, wait: Wait) -> None:
        password = new_password()
        words = ("--single", "-D", str(self.data), "-c", "exit_on_error=on", "postgres")
        statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{scram_verifier(password)}'\n"
        self._run(self.account, "postgres", *words, folder=self.data, wait=wait, given=statement)
        self.keep_password(SUPERUSER, password)

    def _start_server(self, wait: Wait) -> None:
        if self.log.exists():
            # The log of a cluster that was deleted, up to a kill, belongs to the account of that one.
            self.owner().give(self.log)
        else:
            write_private(self.log, "", self.owner())
        for attempt in range(1, START_ATTEMPTS + 1):
            port = self._usable_port()
            self._write_configuration(port)
            try:
                self._control("start", "-l", str(self.log), wait=wait)
            except DatabaseError:
                # Another process took the port between the check and the start.
                if attempt == START_ATTEMPTS or is_free(port):
                    raise
            else:
                return

    def _stop_server(self, wait: Wait) -> None:
        if self.state() is ServerState.STOPPED:
            return
        refuse_strangers_files(self.home)
        try:
            self._control("stop", "-m", "fast", wait=wait)
        except DatabaseError:
            # It ended by itself before pg_ctl looked.
            if self.state() is not ServerState.STOPPED:
                raise

    def _settle(self, wait: Wait) -> ServerState:
        """READY when the server accepts connections, STOPPED when it has ended; waits for one of them."""
        wait(lambda: self.state() is ServerState.STOPPED or (self.is_running() and self._accepts()))
        return self.state()

    def _accepts(self) -> bool:
        """Whether the server answers: after the crash of a session it recovers without a word in its file."""
        address = ("-h", LOOPBACK, "-p", str(self.port()), "-U", SUPERUSER, "-d", "postgres")
        try:
            self._run(self.owner(), "pg_isready", "-q", *address, folder=self.data, wait=wait_until)
        except DatabaseError:
            return False
        return True

    def _usable_port(self) -> int:
        remembered = self.home / "port"
        if remembered.is_file() and is_free(self.port()):
            return self.port()
        port = choose_free()
        write_private(remembered, str(port))
        return port

    def _write_configuration(self, port: int) -> None:
        text = settings_text(port, self._socket_folder(), dict(self.extra_settings))
        write_private(self.data / "hydra.conf", text, self.owner())
        write_private(self.data / "pg_hba.conf", PG_HBA, self.owner())

    def _socket_folder(self) -> Path:
        folder = self.home / "socket"
        # The server takes a list of folders, with commas between them.
        if len(os.fsencode(folder)) > MAX_SOCKET_FOLDER_BYTES or "," in str(folder):
            name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"hydra-{name}"
        return folder

    def _make_socket_folder(self) -> None:
        folder = self._socket_folder()
        try:
            folder.mkdir(mode=0o700)
            self.owner().give(folder)
        except FileExistsError:
            if not self._owns(folder):
                raise DatabaseError(
                    f"{folder} belongs to somebody else and the server's socket cannot be put there: "
                    f"remove it, or set HYDRA_STATE_DIRECTORY to a shorter path"
                ) from None
        for note in folder.glob(".s.PGSQL.*"):
            note.unlink()

    def _delete_socket_folder(self) -> None:
        folder = self._socket_folder()
        if self._owns(folder):
            shutil.rmtree(folder)

    def _owns(self, folder: Path) -> bool:
        """In the machine's temporary folder, any user can create a folder, or a link to one of ours."""
        if not os.path.lexists(folder):
            return False
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == self.owner().user_id

    def _take_password(self) -> None:
        """Older versions gave the superuser's password file to the server's account."""
        kept = self.password_file()
        if kept.is_file() and kept.stat().st_uid != os.geteuid():
            self.keep_password(SUPERUSER, kept.read_text(encoding="ascii"))

    def _control(self, *arguments: str, wait: Wait) -> None:
        words = ("-D", str(self.data), "-w", "-s", *_NO_LIMIT, *arguments)
        self._run(self.owner(), "pg_ctl", *words, folder=self.data, wait=wait)

    def _run(
        self, account: ServerAccount, program: str, *arguments: str, folder: Path, wait: Wait, given: str = ""
    ) -> None:
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output:
            source.write(given.encode())
            source.seek(0)
            process = subprocess.Popen(
                [self.programs.path(program), *arguments],
                cwd=folder,
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdin=source,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **account.process_options(),
            )
            try:
                wait(lambda: process.poll() is not None)
            finally:
                # If the wait is broken off, pg_ctl ends and the server goes on.
                process.kill()
                process.wait()
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if process.returncode != 0:
            raise DatabaseError(self._failure(program, said))

    def _failure(self, program: str, said: str) -> str:
        shown = [*said.splitlines(), *last_lines(self.log, LOG_LINES_SHOWN)]
        lines = "\n".join(f"  {line}" for line in shown)
        return (
            f"the private database server failed at {program}:\n{lines}\n"
            f"Fix what the lines say (disk space and memory first; the whole log: {self.log}) and run "
            f"`hydra db up` again; the stored data stay as they are"
        )
