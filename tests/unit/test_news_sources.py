"""Where a source of headlines may lead, and when it is asked again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hydra.errors import SettingsError
from hydra.news.asking_again import after_failure
from hydra.news.fetch import NotFetchedError, Request, is_own_network, redirected
from hydra.news.source_list import SourceKind, load_sources

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVERY = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("http://127.0.0.1/", True), ("http://127.1/", True), ("http://localhost:80/", True),
        ("http://2130706433/", True), ("http://0x7f000001/", True), ("http://[::1]/", True),
        ("http://[::ffff:10.0.0.1]/", True), ("http://169.254.169.254/", True), ("http://10.1.2.3/", True),
        ("http://metadata.google.internal/", True), ("http://router.local./", True),
        ("https://8.8.8.8/", False), ("https://cointelegraph.com/rss", False),
    ],
)  # fmt: skip
def test_what_is_of_the_own_network(url: str, is_own: bool) -> None:
    assert is_own_network(url) is is_own


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://8.8.8.8/feed", "from https to http"),
        ("https://127.0.0.1:5432/", "into this machine or its network"),
        ("https://169.254.169.254/latest/meta-data", "into this machine or its network"),
        ("https://localhost/", "into this machine or its network"),
        ("//10.0.0.7/feed", "into this machine or its network"),
        ("gopher://8.8.8.8/", "to what is no address"),
        ("", "to what is no address"),
    ],
)
def test_a_feed_cannot_lead_hydra_into_the_own_network(location: str, words: str) -> None:
    request = Request("https://8.8.4.4/feed")
    with pytest.raises(NotFetchedError, match=words):
        asyncio.run(redirected(request, request.url, location))


def test_it_can_lead_to_another_public_place() -> None:
    request = Request("https://8.8.4.4/feed")
    assert asyncio.run(redirected(request, request.url, "https://8.8.8.8/x")) == "https://8.8.8.8/x"
    assert asyncio.run(redirected(request, request.url, "/rss")) == "https://8.8.4.4/rss"


@pytest.mark.parametrize(
    ("failures", "is_lasting", "retry_after_s", "minutes"),
    [
        (1, False, None, 10), (2, False, None, 20), (6, False, None, 320), (7, False, None, 360),
        (10_000, False, None, 360), (1, True, None, 360), (1, False, 60.0, 10), (1, False, 3_600.0, 60),
        (1, False, 1e12, 1_440),
    ],
)  # fmt: skip
def test_how_long_a_failing_source_is_left_alone(
    failures: int, is_lasting: bool, retry_after_s: float | None, minutes: int
) -> None:
    """5 min x 2 = 10, x 4 = 20, x 64 = 320, x 128 = 640, so 6 h = 360; Retry-After to 24 h = 1,440."""
    found = after_failure(NOW, EVERY, failures, is_lasting=is_lasting, retry_after_s=retry_after_s)
    assert found - NOW == timedelta(minutes=minutes)


def test_the_list_that_hydra_comes_with() -> None:
    sources = load_sources(None)
    assert len(sources) == 13
    assert [one.name for one in sources if one.kind is SourceKind.COINDESK] == ["coindesk data"]
    assert all(one.url.startswith("https://") and not is_own_network(one.url) for one in sources)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"has to be a list of \[\[source\]\]"),
        ("source = 5", "has to be a list"),
        ("[[source]]\nname = 'a'", "source number 1: it needs name and url"),
        ("[[source]]\nname = 'a'\nurl = 'https://a.example'\nkinds = 'feed'", "it needs name and url"),
        ("[[source]]\nname = 'a'\nurl = 'ftp://a.example'", "write its url as https"),
        ("[[source]]\nname = 'a'\nurl = 'https://u:p@a.example'", "without a user"),
        ("[[source]]\nname = ' '\nurl = 'https://a.example'", "printable characters"),
        (
            "[[source]]\nname = 'a'\nurl = 'https://a.example'\nkind = 'x'",
            "kind has to be one of feed, coindesk",
        ),
        ("[[source]]\nname = 'a'\nurl = 'https://a.example'\nevery_minutes = true", "of type int"),
        (
            "[[source]]\nname = 'a'\nurl = 'https://a.example'\nevery_minutes = -1",
            "every_minutes has to be 0",
        ),
        ("[[source]]\nname = 'a'\nurl = 'https://a.example'\n" * 2, "names a source twice: a"),
        ("[[", "cannot be read"),
    ],
)
def test_a_list_that_is_none_says_where_and_what(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=f"^NEWS_SOURCES_FILE .*own.toml.*{words}"):
        load_sources(file)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_sources(tmp_path / "none.toml")
