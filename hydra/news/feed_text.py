"""RSS and Atom as headlines: reads the bytes that a feed answered with.

feedparser takes RSS 0.9 to 2.0, RDF and Atom, in any encoding, well-formed or nearly so. It is given bytes in
a file object, because it opens what looks like an address or a path.
Source: docs/news.md, "Sources".
"""

import calendar
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from hydra.errors import BadDataError
from hydra.news.items import Headline
from hydra.outside_text import shown

MOST_HEADLINES: Final = 200
"""Of one answer; a feed shows ten to a hundred."""
_LONGEST_REASON: Final = 120
_NOT_PARSED: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What feedparser lets out where a damaged feed surprises it, as thousands of them have shown."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ReadFeed(NamedTuple):
    """The headlines of an answer. left_out: why some are not among them, empty if all are."""

    headlines: list[Headline]
    left_out: str = ""


def read_feed(source: str, body: bytes, content_type: str = "") -> ReadFeed:
    """The headlines of a feed, in its order, at most MOST_HEADLINES.

    Raises:
        BadDataError: `body` is no feed.
    """
    # It takes a sixth of a second to load, and only the news process reads feeds.
    import feedparser  # noqa: PLC0415

    try:
        found = feedparser.parse(io.BytesIO(body), response_headers={"content-type": content_type})
    except _NOT_PARSED as error:
        raise BadDataError(
            f"{source}: what it answered is no feed that can be read ({type(error).__name__})"
        ) from error
    entries = found.get("entries") or []
    if not entries and not found.get("version"):
        raise BadDataError(f"{source}: what it answered is no RSS or Atom feed{_reason(found)}")
    # Plain dictionaries: its own answer for keys that are not there.
    titled = [dict(entry) for entry in entries if str(entry.get("title") or "").strip()]
    return ReadFeed(
        [_headline(source, entry) for entry in titled[:MOST_HEADLINES]],
        left_out_words(len(entries), len(titled)),
    )


def left_out_words(entries: int, titled: int) -> str:
    """What of an answer was not read, in words; empty: nothing."""
    told = []
    if entries > titled:
        told.append(f"{entries - titled} entries without a title were left out")
    if titled > MOST_HEADLINES:
        told.append(f"of {titled} headlines in one answer the first {MOST_HEADLINES} were read")
    return "; ".join(told)


def _reason(found: Mapping[str, Any]) -> str:
    error = found.get("bozo_exception")
    return f" ({shown(str(error))[:_LONGEST_REASON]})" if error else ""


def _headline(source: str, entry: Mapping[str, Any]) -> Headline:
    link = str(entry.get("link") or "")
    tags = tuple(str(tag.get("term") or tag.get("label") or "") for tag in entry.get("tags") or ())
    return Headline(
        source=source,
        title=str(entry["title"]),
        published=_instant(entry.get("published_parsed") or entry.get("updated_parsed")),
        own_id=str(entry.get("id") or link),
        url=link,
        summary=str(entry.get("summary") or ""),
        category=next(iter(tags), ""),
        tags=tags,
    )


def _instant(parsed: Any) -> datetime | None:
    """feedparser's time, which is UTC; None: there is none, or it is outside of what a calendar has."""
    if parsed is None:
        return None
    try:
        return _EPOCH + timedelta(seconds=calendar.timegm(parsed))
    except (OverflowError, ValueError):
        return None
