"""Every string that enters the database is stored: alone, in JSON, in rows, as a name that is found again."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.outside_text import storable
from hydra.trading.row_writer import insert_rows
from tests.support.outside_texts import arguments
from tests.support.rows import add
from tests.support.servers.databases import TestServer
from tests.support.why_scenario import write_why_scenario

ANY_TEXT = arguments | st.text(st.characters(codec=None))
HOSTILE = "\0 \udcff \ud800 [/red] \x1b[31m \u202e \\u0000 \\"


@pytest.fixture(scope="module")
def connection(servers: dict[Edition, TestServer]) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits, on one edition: the client is tested."""
    with servers[Edition.APACHE].migrated() as url, connect(url) as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


def one(connection: psycopg.Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(text=HOSTILE)
@given(text=ANY_TEXT)
def test_a_string_is_stored_alone_in_a_list_and_in_json(connection: psycopg.Connection, text: str) -> None:
    assert one(connection, "SELECT %s::text", text) == storable(text)
    assert one(connection, "SELECT %s::text[]", [text, None]) == [storable(text), None]
    assert one(connection, "SELECT %s", Jsonb({"by": [text]})) == {"by": [storable(text)]}


def test_a_headline_is_stored_with_its_row(connection: psycopg.Connection) -> None:
    view = {
        "run_id": 7, "instrument_id": 3, "time": "2025-06-01 10:00Z", "action": "hold", "confidence": "low",
        "reason": HOSTILE, "model_id": "m", "item_ids": [], "answer": {"headline": HOSTILE},
        "known_at": "2025-06-01 10:00Z",
    }  # fmt: skip
    insert_rows(connection, "news_views", [view])
    row = connection.execute("SELECT reason, answer FROM hydra.news_views WHERE instrument_id = 3").fetchone()
    assert row == (storable(HOSTILE), {"headline": storable(HOSTILE)})


def test_a_study_with_any_name_is_found_again(connection: psycopg.Connection) -> None:
    words = dict.fromkeys(("market", "data_hash", "readings_hash", "code_version"), HOSTILE)
    period = {"data_from": "2025-06-01 10:00Z", "data_to": "2025-06-01 11:00Z"}
    study = {"name": HOSTILE, "kind": "sweep", "specification": Jsonb({HOSTILE: HOSTILE}), **words, **period}
    add(connection, "ml.studies", study)
    assert one(connection, "SELECT name FROM ml.studies WHERE name = %s", HOSTILE) == storable(HOSTILE)
