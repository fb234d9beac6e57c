"""Recorded headlines come in once, and `hydra news` and `hydra status` show what is there."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from hydra.db.edition import Edition
from tests.support.command_line import Answer, hydra
from tests.support.feed_server import FeedServer, failing, feed_server, rss, serving
from tests.support.import_command import environment
from tests.support.recorded_market import ABSENT, RECORDED
from tests.support.servers.databases import TestServer

HEADLINES = RECORDED / "news" / "headlines_en.parquet"
START = datetime(2025, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    with servers[Edition.APACHE].migrated() as migrated:
        yield migrated


@pytest.fixture(autouse=True)
def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("TRUNCATE market.news_items, market.news_sources")


def news(url: str, *arguments: str, **settings: str) -> Answer:
    return hydra("news", *arguments, environment={**environment(url), **settings})


def recorded(path: Path, *rows: tuple[int, str, str, str]) -> Path:
    """A file of headlines: minutes after START, title, source, currencies."""
    frame = pl.DataFrame(
        [
            (START + timedelta(minutes=minutes), title, source, "general", tags)
            for minutes, title, source, tags in rows
        ],
        schema=["published", "title", "source", "category", "cryptopanic_currencies"],
        orient="row",
    )
    frame.write_parquet(path)
    return path


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as reader:
        return reader.execute(query.encode()).fetchall()


def test_a_file_comes_in_once_with_repeats_marked(url: str, tmp_path: Path) -> None:
    path = recorded(
        tmp_path / "headlines.parquet",
        (60, "BREAKING: Large exchange halts all withdrawals", "B", "BTC"),
        (0, "Large exchange halts all withdrawals", "A", ""),
        (60 * 60, "Large exchange halts all withdrawals", "C", ""),
        (5, "Cardano goes live", "A", "ADA,NOT"),
        (5, "Cardano goes live", "A", "ADA,NOT"),
    )
    first = news(url, "import", str(path))
    assert (first.status, first.err) == (0, "")
    assert first.out.strip().endswith("4 new, 1 of them repeat another, 1 known already or twice in the file")
    again = news(url, "import", str(path))
    assert again.out.strip().endswith("0 new, 0 of them repeat another, 5 known already or twice in the file")
    found = rows(
        url,
        "SELECT source, known_at - time, instrument_ids, currencies, duplicate_of IS NOT NULL"
        " FROM market.news_items ORDER BY time, source",
    )
    known = timedelta(minutes=5)
    assert found == [
        ("A", known, [], [], False), ("A", known, [5], ["ADA", "NOT"], False),
        ("B", known, [1], ["BTC"], True), ("C", known, [], [], False),
    ]  # fmt: skip


def test_a_file_that_holds_none_is_refused_by_name_and_the_others_come_in(url: str, tmp_path: Path) -> None:
    garbage, other = tmp_path / "garbage.parquet", tmp_path / "other.parquet"
    garbage.write_bytes(b"PAR1 no")
    pl.DataFrame({"published": [START], "headline": ["x"]}).write_parquet(other)
    local = tmp_path / "local.parquet"
    without_zone = {"published": [START.replace(tzinfo=None)], "title": ["x"], "source": ["A"]}
    pl.DataFrame(without_zone).write_parquet(local)
    good = recorded(tmp_path / "good.parquet", (0, "Bitcoin falls", "A", ""))
    no_text = os.fsdecode(bytes(tmp_path) + b"/\xff.parquet")
    done = news(url, "import", *map(str, (garbage, other, local, tmp_path / "none.parquet", no_text, good)))
    assert done.status == 1
    assert "garbage.parquet cannot be read as Parquet" in done.err
    assert "other.parquet has no column title, source: it holds no recorded headlines" in done.err
    assert "local.parquet: published has to be a time in UTC" in done.err
    assert "none.parquet cannot be read" in done.err
    assert "\\xff.parquet cannot be read as Parquet" in done.err
    assert "good.parquet: 1 new" in done.out


def test_the_recorded_headlines_come_in_whole(url: str) -> None:
    """24,146 rows, of which 21 stand twice in the file (same source, title and time)."""
    if not HEADLINES.is_file():
        pytest.skip(ABSENT)
    done = news(url, "import", str(HEADLINES))
    assert "24,125 new" in done.out
    ((stored, repeated, early, concerned),) = rows(
        url,
        "SELECT count(*), count(duplicate_of), count(*) FILTER (WHERE known_at <= time),"
        " count(*) FILTER (WHERE instrument_ids <> '{}') FROM market.news_items",
    )
    assert (stored, early) == (24_125, 0)
    assert isinstance(repeated, int)
    assert isinstance(concerned, int)
    assert 20 < repeated < 100
    assert 10_000 < concerned < 16_000
    again = news(url, "import", str(HEADLINES))
    assert "0 new" in again.out


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as served:
        yield served


def own_list(tmp_path: Path, server: FeedServer) -> dict[str, str]:
    """The setting that names two feeds and an API, one of the feeds with a name that could act."""
    file = tmp_path / "sources.toml"
    file.write_text(
        f'[[source]]\nname = "paper"\nurl = "{server.url}/paper"\n'
        f'[[source]]\nname = "[red]broken[/red]"\nurl = "{server.url}/broken"\n'
        f'[[source]]\nname = "api"\nkind = "coindesk"\nurl = "{server.url}"\n'
    )
    return {"NEWS_SOURCES_FILE": str(file)}


def test_a_poll_by_hand_says_what_came_and_what_did_not(url: str, tmp_path: Path, server: FeedServer) -> None:
    server.answers["/paper"] = serving(rss("Bitcoin falls", "Solana rises"))
    server.answers["/broken"] = failing(500)
    own = own_list(tmp_path, server)
    first = news(url, "poll", **own)
    assert first.status == 0
    assert "paper: 2 new, 0 of them repeat another" in first.out
    assert "[red]broken[/red]: 127.0.0.1: it answered with status 500" in first.out
    assert "2 sources asked, 2 new headlines" in first.out
    second = news(url, "poll", **own)
    assert second.status == 0
    assert "No source is due" in second.out
    server.answers["/paper"] = failing(503)
    third = news(url, "poll", "--all", **own)
    assert third.status == 1
    assert "no answer from paper, [red]broken[/red]" in third.out


def test_the_sources_stand_in_their_list_and_in_the_status(
    url: str, tmp_path: Path, server: FeedServer
) -> None:
    server.answers["/paper"] = serving(rss("Bitcoin falls"))
    own = own_list(tmp_path, server)
    before = news(url, "sources", **own)
    assert "Not asked yet: [red]broken[/red], paper" in before.out
    assert "api: not asked, because CRYPTOCOMPARE_API_KEY is not set" in before.out
    news(url, "poll", **own)
    listed = news(url, "sources", **own)
    status = hydra("status", environment={**environment(url), **own})
    for answer in (listed, status):
        assert answer.status == 0
        assert "FAILING" in answer.out
        assert "LIVE" in answer.out
        assert "[red]broken[/red]: 127.0.0.1: it answered with status 404" in answer.out
    found = json.loads(news(url, "sources", "--json", **own).out)
    assert [one["state"] for one in found["sources"]] == ["FAILING", "LIVE"]
    assert found["without_key"] == ["api"]
    told = json.loads(hydra("status", "--json", environment={**environment(url), **own}).out)
    assert [one["items_of_day"] for one in told["news_sources"]] == [0, 1]


def test_a_list_that_is_none_is_an_error_with_its_name(url: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("nothing = 1")
    done = news(url, "poll", NEWS_SOURCES_FILE=str(file))
    assert done.status == 1
    assert "own.toml has to be a list of [[source]] with name and url" in done.err
