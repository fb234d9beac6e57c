"""A headline as a row of market.news_items.

Source: docs/architecture.md, law 3; C25; docs/news.md, "Sources".
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from hydra.http_url import is_http_url
from hydra.news.cleaning import cleaned
from hydra.news.mentions import concerned
from hydra.news.near_duplicates import KnownTitle, RecentTitles, normalised

LONGEST_TITLE: Final = 300
LONGEST_SUMMARY: Final = 600
LONGEST_URL: Final = 1_000
LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20
EARLIEST: Final = datetime(2009, 1, 3, tzinfo=UTC)
"""Before the first bitcoin nobody wrote about it: an earlier publish time is an error."""


@dataclass(frozen=True)
class Headline:
    """What a source says, as it says it. own_id: the source's; published: None where it gave none."""

    source: str
    title: str
    published: datetime | None
    own_id: str = ""
    url: str = ""
    summary: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewsItem:
    """A row of market.news_items."""

    time: datetime
    item_id: str
    known_at: datetime
    source: str
    title: str
    category: str | None
    currencies: list[str]
    url: str | None
    summary: str | None
    duplicate_of: str | None
    instrument_ids: list[int]
    note: str | None


def items_of(
    headlines: Iterable[tuple[Headline, datetime]], recent: RecentTitles, known_ids: Iterable[str] = ()
) -> Iterator[NewsItem]:
    """The rows of headlines with their known_at, oldest known first; those of `known_ids` are left out.

    A headline without a title is none. Each is held against `recent` and then added to it, so that of two
    that say the same the second repeats the first.
    """
    seen = set(known_ids)
    dated = sorted(headlines, key=lambda pair: (pair[1], pair[0].published or pair[1], pair[0].title))
    for headline, known_at in dated:
        title = cleaned(headline.title, LONGEST_TITLE)
        item_id = item_id_of(headline, title)
        if not title or item_id in seen:
            continue
        seen.add(item_id)
        words = normalised(title, headline.source)
        yield _item(headline, title, item_id, known_at, recent.repeated(words, known_at))
        recent.add([KnownTitle(item_id, known_at, words)])


def item_id_of(headline: Headline, title: str) -> str:
    """The sha256 of the source and its own id, or of source, title and publish time."""
    published = "" if headline.published is None else headline.published.isoformat()
    parts = (headline.source, headline.own_id) if headline.own_id else (headline.source, title, published)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _item(
    headline: Headline, title: str, item_id: str, known_at: datetime, duplicate_of: str | None
) -> NewsItem:
    summary = cleaned(headline.summary, LONGEST_SUMMARY) or None
    tags = [tag for one in headline.tags[:MOST_TAGS] if (tag := cleaned(one, LONGEST_TAG))]
    time, note = _time(headline.published, known_at)
    return NewsItem(
        time=time,
        item_id=item_id,
        known_at=known_at,
        source=headline.source,
        title=title,
        category=cleaned(headline.category, LONGEST_TAG) or None,
        currencies=tags,
        url=_url(headline.url),
        summary=None if summary == title else summary,
        duplicate_of=duplicate_of,
        instrument_ids=list(concerned(title, summary, tags)),
        note=note,
    )


def _time(published: datetime | None, known_at: datetime) -> tuple[datetime, str | None]:
    if published is None:
        return known_at, "no publish time: it counts from when it was read"
    if published > known_at:
        return (
            known_at,
            f"publish time {published:%Y-%m-%d %H:%M:%S} is to come: it counts from when it was read",
        )
    if published < EARLIEST:
        return known_at, f"publish time {published:%Y-%m-%d} cannot be: it counts from when it was read"
    return published, None


def _url(text: str) -> str | None:
    """An address that a browser may open; null: none, or one that does something else."""
    url = text.strip()
    if not url.isascii() or not url.isprintable() or len(url) > LONGEST_URL or not is_http_url(url):
        return None
    return None if "@" in urlsplit(url).netloc else url
