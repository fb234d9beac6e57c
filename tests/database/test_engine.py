"""Connections are in UTC, named, take a role, and say in one sentence why they were refused."""

import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from hydra.db.edition import Edition, inspect_server
from hydra.db.engine import adbc_connect, connect
from hydra.db.server.ports import choose_free
from hydra.errors import DatabaseError

WHO = "SELECT current_setting('TimeZone') AS zone, current_setting('application_name') AS name"


def changed(url: str, **parts: object) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def test_every_kind_of_connection_is_named_and_in_utc(empty_database_url: str) -> None:
    with connect(empty_database_url) as connection:
        assert connection.execute(WHO).fetchone() == ("UTC", "hydra")
    with adbc_connect(empty_database_url) as arrow:
        assert arrow.read(WHO).row(0) == ("UTC", "hydra")


def test_a_server_that_the_network_hides_is_given_up_within_half_a_minute(empty_database_url: str) -> None:
    """What waits for an answer that never comes would wait for hours, and ingest's rows in memory."""
    with connect(empty_database_url) as connection:
        descriptor = os.dup(connection.fileno())
        with socket.socket(fileno=descriptor) as line:
            told = [
                line.getsockopt(socket.IPPROTO_TCP, option)
                for option in (
                    socket.TCP_USER_TIMEOUT,
                    socket.TCP_KEEPIDLE,
                    socket.TCP_KEEPINTVL,
                    socket.TCP_KEEPCNT,
                )
            ]
    assert told == [30_000, 15, 5, 3]


def test_a_session_with_a_given_offset_is_still_utc(empty_database_url: str) -> None:
    url = make_url(empty_database_url).update_query_dict({"options": "-c TimeZone=Asia/Tokyo"})
    with connect(url.render_as_string(hide_password=False)) as connection:
        row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    assert row[0].utcoffset() == timedelta(0)


@pytest.fixture
def tokyo(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database whose user, role and program all say another time zone."""
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    parts = make_url(empty_database_url)
    database, user = sql.Identifier(str(parts.database)), sql.Identifier(str(parts.username))
    statement = sql.SQL("ALTER ROLE {} IN DATABASE {} SET timezone = 'Asia/Tokyo'").format(user, database)
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        owner.execute(statement)
        owner.execute(sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Tokyo'").format(database))
    yield empty_database_url
    monkeypatch.undo()
    time.tzset()


def test_every_kind_of_connection_speaks_utc_whatever_the_user_and_the_server_say(tokyo: str) -> None:
    noon = "SELECT timestamptz '2025-06-01 12:00Z', (timestamptz '2025-06-01 12:00Z')::text"
    for autocommit in (False, True):
        with connect(tokyo, autocommit=autocommit) as connection:
            connection.rollback()
            moment, words = connection.execute(noon).fetchone() or (None, None)
            assert (f"{moment:%Y-%m-%d %H:%M %Z}", words) == (
                "2025-06-01 12:00 UTC",
                "2025-06-01 12:00:00+00",
            )
    with adbc_connect(tokyo) as arrow:
        arrow.rollback()
        assert arrow.read(noon).row(0) == (datetime(2025, 6, 1, 12, tzinfo=UTC), "2025-06-01 12:00:00+00")


@pytest.mark.parametrize("connecting", [connect, adbc_connect])
def test_refusals_are_one_sentence(empty_database_url: str, connecting: type) -> None:
    refusals = {
        changed(empty_database_url, password="wrong-word"): "refuses the password of",
        changed(empty_database_url, database="not_there"): "has no database not_there",
        changed(empty_database_url, port=choose_free()): "cannot be used",
    }
    for url, words in refusals.items():
        with pytest.raises(DatabaseError, match=words) as caught:
            connecting(url)
        assert "\n" not in str(caught.value)
        assert "wrong-word" not in str(caught.value)


def test_the_edition_is_recognised(empty_database_url: str, edition: Edition) -> None:
    with connect(empty_database_url) as connection:
        assert inspect_server(connection).edition is edition


def test_a_database_without_the_extension_names_the_command_that_creates_it(empty_database_url: str) -> None:
    with connect(empty_database_url, autocommit=True) as connection:
        connection.execute("DROP EXTENSION timescaledb")
    with connect(empty_database_url) as connection, pytest.raises(DatabaseError, match="run `hydra db up`"):
        inspect_server(connection)
