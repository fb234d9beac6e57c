"""A server that HYDRA cannot use is refused in one sentence that says why and what to do."""

from dataclasses import replace

import pytest

from hydra.db.address import libpq_url, shown_url
from hydra.db.edition import ServerAnswer, parse_version, refuse_unusable
from hydra.db.engine import explain_refusal
from hydra.errors import DatabaseError

USABLE = ServerAnswer(
    150004, "15.4", "2.18.0", "2.18.0", is_preloaded=True, license="apache", database_name="hydra"
)


def test_the_oldest_supported_versions_are_accepted() -> None:
    refuse_unusable(USABLE)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            replace(USABLE, server_version_num=140011, server_version="14.11"),
            "14.11 is too old.*15",
        ),
        (replace(USABLE, created_version="2.17.2"), "TimescaleDB 2.17.2 is too old.*2.18.*newer package"),
        (replace(USABLE, created_version=None, available_version="2.9.1"), "TimescaleDB 2.9.1 is too old"),
        (replace(USABLE, created_version=None, available_version=None), "has no TimescaleDB: install"),
        (replace(USABLE, is_preloaded=False), "not loaded: add timescaledb to shared_preload_libraries"),
    ],
)
def test_an_unusable_server_is_refused(found: ServerAnswer, words: str) -> None:
    with pytest.raises(DatabaseError, match=words):
        refuse_unusable(found)


@pytest.mark.parametrize(("text", "version"), [("2.19.3", (2, 19)), ("2.9.1", (2, 9)), ("3.0.0-dev", (3, 0))])
def test_versions_compare_as_numbers(text: str, version: tuple[int, int]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgres"])
def test_any_spelling_of_the_scheme_is_taken(scheme: str) -> None:
    assert (
        libpq_url(f"{scheme}://u:p%40x@h:5433/d?sslmode=require")
        == "postgresql://u:p%40x@h:5433/d?sslmode=require"
    )


@pytest.mark.parametrize("url", ["mysql://u:topsecret@h/d", "topsecret", "postgresql://u:topsecret@h:port/d"])
def test_what_is_no_postgresql_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseError, match="not a PostgreSQL URL") as caught:
        libpq_url(url)
    assert "topsecret" not in str(caught.value)


def test_a_shown_url_has_no_password() -> None:
    assert shown_url("postgresql://u:topsecret@h:5433/d") == "postgresql://u@h:5433/d"


def test_a_refusal_never_repeats_the_password() -> None:
    sentence = explain_refusal("postgresql://u:topsecret@h/d", "failed: FATAL:  odd topsecret thing")
    assert "topsecret" not in sentence
    assert "odd *** thing" in sentence
