"""Databases for tests: empty ones, and migrated ones as quick copies of a template."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from hydra.db.engine import connect
from hydra.db.migrate import upgrade_to_head
from hydra.db.provision import create_extension
from hydra.db.roles import ensure_owner
from tests.support.servers.logins import make_logins

COPY_TIMEOUT_S = 20.0


class TestServer:
    """A server on which databases are made and dropped; `url` is its maintenance database, as superuser."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self.url = url
        make_logins(url)
        self._templates: dict[str, str] = {}

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A fresh database that has TimescaleDB and nothing else."""
        yield from self._copy("empty")

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """A fresh database with the newest schema."""
        yield from self._copy("migrated")

    def close(self) -> None:
        """Drop the templates."""
        for name in self._templates.values():
            self._run("ALTER DATABASE {} IS_TEMPLATE false", name)
            self._run("DROP DATABASE {} WITH (FORCE)", name)
        self._templates.clear()

    def _copy(self, kind: str) -> Iterator[str]:
        template = self._templates.get(kind) or self._make_template(kind)
        name = f"test_{uuid.uuid4().hex[:12]}"
        # Copying files takes half of what writing every page of the template to the log takes.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        # Privileges on a database itself are not copied.
        with connect(self._address(name), autocommit=True) as connection:
            ensure_owner(connection)
        try:
            yield self._address(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _make_template(self, kind: str) -> str:
        name = f"template_{kind}_{uuid.uuid4().hex[:12]}"
        self._run("CREATE DATABASE {}", name)
        self._templates[kind] = name
        create_extension(self._address(name))
        if kind == "migrated":
            upgrade_to_head(self._address(name))
        # TimescaleDB starts no scheduler in a template, and a copy needs the original to itself.
        self._run("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false", name)
        self._empty_of_sessions(name)
        return name

    def _empty_of_sessions(self, name: str) -> None:
        deadline = time.monotonic() + COPY_TIMEOUT_S
        with connect(self.url, autocommit=True) as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            while connection.execute(query, (name,)).fetchall() and time.monotonic() < deadline:
                time.sleep(0.05)

    def _run(self, statement: str, *names: str) -> None:
        with connect(self.url, autocommit=True) as connection:
            identifiers = [sql.Identifier(name) for name in names]
            deadline = time.monotonic() + COPY_TIMEOUT_S
            while True:
                try:
                    connection.execute(sql.SQL(statement).format(*identifiers))
                except (psycopg.errors.ObjectInUse, psycopg.errors.InternalError_):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
                else:
                    return

    def _address(self, database: str) -> str:
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)
