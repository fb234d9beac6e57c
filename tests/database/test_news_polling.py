"""Sources of headlines on loopback, asked and stored: conditions, limits, back-off, repeats, faults."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hydra.answers.news_sources import read_news_sources
from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.news.fetch import Limits
from hydra.news.polling import PollResult, poll_due_sources, read_states
from hydra.settings import Settings
from tests.support.feed_server import (
    FeedServer,
    conditional,
    endless,
    failing,
    feed_server,
    redirecting,
    rss,
    sample,
    serving,
)
from tests.support.servers.logins import as_role

QUICK = Limits(total_s=1.0, most_bytes=1024 * 1024)


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with feed_server() as served:
        yield served


@pytest.fixture
def worker(database_url: str) -> Iterator[psycopg.Connection]:
    """The worker's session; what a test stored is removed by the owner of the database."""
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as opened:
        yield opened
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("TRUNCATE market.news_items, market.news_sources")


@pytest.fixture(autouse=True)
def _fresh(server: FeedServer) -> None:
    server.answers.clear()
    server.asked.clear()


def sources(tmp_path: Path, server: FeedServer, *names: str, **settings: Any) -> Settings:
    """Settings with a list of feeds of these names, each at the path of its name."""
    listed = "".join(f'[[source]]\nname = "{name}"\nurl = "{server.url}/{name}"\n' for name in names)
    file = tmp_path / "sources.toml"
    file.write_text(listed)
    return Settings.model_validate({"news_sources_file": file, **settings})


def due_again(url: str) -> None:
    """As if every source's wait had passed."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("UPDATE market.news_sources SET next_attempt = now() - interval '1 second'")


def one(results: list[PollResult]) -> PollResult:
    (result,) = results
    return result


def test_headlines_become_rows_once(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = serving(sample("rss20.xml"))
    settings = sources(tmp_path, server, "paper")
    first = one(poll_due_sources(worker, settings))
    assert (first.stored.added, first.stored.known, first.error) == (3, 0, None)
    assert poll_due_sources(worker, settings) == []
    due_again(database_url)
    again = one(poll_due_sources(worker, settings))
    assert (again.stored.added, again.stored.known) == (0, 3)
    rows = worker.execute(
        "SELECT title, instrument_ids, currencies, url, summary, note, time = known_at FROM market.news_items"
        " ORDER BY title"
    ).fetchall()
    assert rows[2] == (
        "Solana ETF inflows hit $40M as SOL reclaims $200", [3], ["Markets", "Solana"],
        "https://coinpaper.example/markets/2026/11/27/solana-etf-inflows",
        "Spot funds took in $40 million on Thursday.", None, False,
    )  # fmt: skip
    assert rows[1][-2:] == ("no publish time: it counts from when it was read", True)
    state = read_states(worker)["paper"]
    assert (state.items_total, state.failures) == (3, 0)
    assert state.last_error == "1 entries without a title were left out"


def test_an_unchanged_feed_is_not_sent_again(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = conditional(rss("Bitcoin falls"), '"v1"')
    settings = sources(tmp_path, server, "paper")
    poll_due_sources(worker, settings)
    due_again(database_url)
    assert one(poll_due_sources(worker, settings)).error is None
    asked = [headers for _, headers in server.asked]
    assert "If-None-Match" not in asked[0]
    assert asked[0]["User-Agent"].startswith("HYDRA/")
    assert asked[1]["If-None-Match"] == '"v1"'
    assert asked[1]["If-Modified-Since"] == "Fri, 27 Nov 2026 12:00:00 GMT"
    state = read_states(worker)["paper"]
    assert (state.etag, state.items_total, state.failures) == ('"v1"', 1, 0)


def test_another_address_begins_anew(tmp_path: Path, server: FeedServer, worker: psycopg.Connection) -> None:
    server.answers["/paper"] = server.answers["/moved"] = conditional(rss("Bitcoin falls"), '"v1"')
    poll_due_sources(worker, sources(tmp_path, server, "paper"))
    file = tmp_path / "sources.toml"
    file.write_text(file.read_text().replace("/paper", "/moved"))
    poll_due_sources(worker, Settings.model_validate({"news_sources_file": file}))
    assert server.paths() == ["/paper", "/moved"]
    assert "If-None-Match" not in server.asked[1][1]


FAULTS: dict[str, tuple[Any, str]] = {
    "broken": (failing(500), "127.0.0.1: it answered with status 500"),
    "forbidden": (failing(403), "127.0.0.1: it answered with status 403"),
    "garbage": (serving(b"\x00\xff<garbage"), "garbage: what it answered is no RSS or Atom feed"),
    "page": (serving(b"<html>Just a moment...</html>"), "page: what it answered is no RSS or Atom feed"),
    "huge": (endless(b"x" * 100_000), "127.0.0.1: its answer is longer than 1 MiB: not read"),
    "large": (serving(b"x" * 50_000_000), "127.0.0.1: its answer is longer than 1 MiB: not read"),
    "bomb": (endless(b"<rss>", 0.05), "127.0.0.1: no whole answer within 1 s"),
    "circle": (redirecting("/circle"), "127.0.0.1: it redirects more than 5 times"),
    "astray": (redirecting("file:///etc/passwd"), "127.0.0.1: it redirects to what is no address"),
    "nowhere": (redirecting(""), "127.0.0.1: it redirects to what is no address"),
    "packed": (
        serving(gzip.compress(bytes(50_000_000), 1), Content_Encoding="gzip"),
        "127.0.0.1: its answer is longer than 1 MiB: not read",
    ),
    "unpacked": (
        serving(b"no gzip", Content_Encoding="gzip"),
        "127.0.0.1: its answer broke off, or is not packed as it says",
    ),
}


def test_what_fails_is_said_and_the_others_come_in(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    """The dead source listens no more; the well one stands last, behind all of them."""
    for name, (reply, _) in FAULTS.items():
        server.answers[f"/{name}"] = reply
    server.answers["/well"] = serving(rss("Bitcoin falls"))
    settings = sources(tmp_path, server, *FAULTS, "dead", "well")
    file = tmp_path / "sources.toml"
    file.write_text(file.read_text().replace(f"{server.url}/dead", "http://127.0.0.1:1/dead"))
    found = {result.source: result for result in poll_due_sources(worker, settings, QUICK)}
    assert found["well"].stored.added == 1
    for name, (_, words) in FAULTS.items():
        assert (found[name].error or "").startswith(words), name
    assert found["dead"].error == "127.0.0.1: no connection: Connect call failed ('127.0.0.1', 1)"
    states = {one.source: one for one in read_news_sources(worker)}
    assert {name for name, state in states.items() if state.state == "LIVE"} == {"well"}
    assert all(states[name].detail for name in FAULTS)


def test_a_source_that_asks_for_rest_gets_it(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    server.answers["/busy"] = failing(429, Retry_After="1800")
    server.answers["/down"] = failing(503, Retry_After="Fri, 27 Nov 2099 12:00:00 GMT")
    settings = sources(tmp_path, server, "busy", "down")
    now = datetime.now(UTC)
    found = {result.source: result for result in poll_due_sources(worker, settings)}
    assert found["busy"].error == "127.0.0.1: it answered with status 429; it asks for rest of 1800 s"
    assert found["busy"].next_attempt - now == pytest.approx(timedelta(minutes=30), abs=timedelta(seconds=9))
    assert found["down"].next_attempt - now == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=9))
    assert poll_due_sources(worker, settings) == []
    assert len(server.asked) == 2


def test_failures_wait_longer_and_longer_and_a_success_ends_it(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = failing(500)
    settings = sources(tmp_path, server, "paper", news_poll_minutes=10)
    waits = []
    for _ in range(7):
        due_again(database_url)
        now = datetime.now(UTC)
        waits.append(round((one(poll_due_sources(worker, settings)).next_attempt - now).total_seconds() / 60))
    assert waits == [20, 40, 80, 160, 320, 360, 360]
    assert read_states(worker)["paper"].failures == 7
    server.answers["/paper"] = serving(rss("Bitcoin falls"))
    due_again(database_url)
    poll_due_sources(worker, settings)
    state = read_states(worker)["paper"]
    assert (state.failures, state.last_error) == (0, None)


def test_what_could_not_be_read_is_not_taken_for_known(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = conditional(b"broken", '"v1"')
    settings = sources(tmp_path, server, "paper")
    assert one(poll_due_sources(worker, settings)).error
    server.answers["/paper"] = conditional(rss("Bitcoin falls"), '"v1"')
    due_again(database_url)
    assert one(poll_due_sources(worker, settings)).stored.added == 1


def test_two_sources_that_say_the_same_are_one_headline(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    server.answers["/a"] = serving(rss("Large exchange halts all withdrawals for users"))
    server.answers["/b"] = serving(rss("BREAKING: Large exchange halts all withdrawals for users - B"))
    results = poll_due_sources(worker, sources(tmp_path, server, "a", "b"))
    assert sum(result.stored.repeated for result in results) == 1
    rows = worker.execute(
        "SELECT later.source FROM market.news_items AS later JOIN market.news_items AS first"
        " ON first.item_id = later.duplicate_of AND first.known_at <= later.known_at"
    ).fetchall()
    assert rows == [("b",)]


def test_no_headline_can_act_in_the_database(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    server.answers["/paper"] = serving(rss("'); DROP TABLE market.news_items; -- %s %(source)s {0} [2J"))
    assert one(poll_due_sources(worker, sources(tmp_path, server, "paper"))).stored.added == 1
    stored = worker.execute("SELECT title FROM market.news_items").fetchone()
    assert stored == ("'); DROP TABLE market.news_items; -- %s %(source)s {0} [2J",)


@pytest.mark.parametrize("status", [401, 403])
def test_the_data_api_says_in_one_sentence_that_it_wants_a_plan(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, status: int
) -> None:
    server.answers["/news/v1/article/list"] = failing(status)
    now = datetime.now(UTC)
    result = one(poll_due_sources(worker, with_key(tmp_path, server)))
    assert (result.error or "").startswith("CRYPTOCOMPARE_API_KEY is refused: ")
    assert "paid plan" in (result.error or "")
    assert ". " not in (result.error or "")
    assert result.next_attempt - now >= timedelta(hours=6)


def test_the_data_api_gets_its_key_in_a_header_and_sends_articles(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    article = {"ID": 7, "TITLE": "XRP rallies", "PUBLISHED_ON": 1795780800, "BODY": "b"}
    server.answers["/news/v1/article/list"] = serving(json.dumps({"Data": [article]}).encode())
    assert one(poll_due_sources(worker, with_key(tmp_path, server))).stored.added == 1
    path, headers = server.asked[0]
    assert headers["Authorization"] == "Apikey hush"
    assert "hush" not in path
    assert worker.execute("SELECT title, instrument_ids FROM market.news_items").fetchall() == [
        ("XRP rallies", [6])
    ]


def test_the_key_follows_no_redirect(tmp_path: Path, server: FeedServer, worker: psycopg.Connection) -> None:
    server.answers["/news/v1/article/list"] = redirecting("/elsewhere")
    result = one(poll_due_sources(worker, with_key(tmp_path, server)))
    assert result.error == "127.0.0.1: it redirects, and its key is sent to no other address"
    assert len(server.asked) == 1


def test_without_a_key_the_data_api_is_not_asked(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    with_key(tmp_path, server)
    assert (
        poll_due_sources(worker, Settings.model_validate({"news_sources_file": tmp_path / "api.toml"})) == []
    )
    assert server.asked == []


def test_a_redirect_is_followed_to_its_end(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection
) -> None:
    server.answers["/old"] = redirecting("/middle", 301)
    server.answers["/middle"] = redirecting(f"{server.url}/new", 308)
    server.answers["/new"] = serving(rss("Bitcoin falls"))
    assert one(poll_due_sources(worker, sources(tmp_path, server, "old"))).stored.added == 1


def test_while_another_process_asks_nobody_else_does(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = serving(rss("Bitcoin falls"))
    settings = sources(tmp_path, server, "paper")
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as other:
        assert locks.take(other, locks.NEWS)
        assert poll_due_sources(worker, settings) == []
        locks.release(other, locks.NEWS)
    assert len(poll_due_sources(worker, settings)) == 1
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as other:
        assert locks.take(other, locks.NEWS)


def test_a_source_that_nobody_asks_any_more_is_stopped(
    tmp_path: Path, server: FeedServer, worker: psycopg.Connection, database_url: str
) -> None:
    server.answers["/paper"] = serving(rss("Bitcoin falls"))
    poll_due_sources(worker, sources(tmp_path, server, "paper"))
    (live,) = read_news_sources(worker)
    assert (live.state, live.items_of_day, live.repeats_of_day, live.detail) == ("LIVE", 1, 0, None)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE market.news_sources SET next_attempt = now() - interval '2 hours'")
    (stopped,) = read_news_sources(worker)
    assert stopped.state == "STOPPED"


def with_key(tmp_path: Path, server: FeedServer) -> Settings:
    """Settings with the data API alone, and a key for it."""
    file = tmp_path / "api.toml"
    file.write_text(f'[[source]]\nname = "api"\nkind = "coindesk"\nurl = "{server.url}"\n')
    return Settings.model_validate({"news_sources_file": file, "cryptocompare_api_key": "hush"})
