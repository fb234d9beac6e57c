"""The data API of CoinDesk (formerly CryptoCompare) as headlines; it needs a paid key.

The form of an answer is that of its documentation of /news/v1/article/list, as read in 2026-11.
Source: docs/news.md, "Sources".
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from hydra.errors import BadDataError
from hydra.news.feed_text import MOST_HEADLINES, ReadFeed, left_out_words
from hydra.news.items import Headline

PATH: Final = "/news/v1/article/list?lang=EN&limit=100"
REFUSED_KEY: Final = (
    "CRYPTOCOMPARE_API_KEY is refused: the data API of CoinDesk needs a paid plan, its free tier ended in "
    "2026-05; set the key of a plan, or leave the setting empty"
)


def authorization(key: str) -> dict[str, str]:
    """The header that carries the key: an address would end in logs."""
    return {"Authorization": f"Apikey {key}"}


def read_articles(source: str, body: bytes) -> ReadFeed:
    """The headlines of an answer. An article that is not of the documented form is left out and counted.

    Raises:
        BadDataError: the answer is not of the documented form.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"{source}: what it answered is no JSON ({type(error).__name__})") from error
    articles = content.get("Data") if isinstance(content, Mapping) else None
    if not isinstance(articles, list):
        raise BadDataError(f"{source}: its answer has no list Data: the API has changed, or it is another's")
    titled = [one for one in articles if isinstance(one, Mapping) and str(one.get("TITLE") or "").strip()]
    return ReadFeed(
        [_headline(source, one) for one in titled[:MOST_HEADLINES]],
        left_out_words(len(articles), len(titled)),
    )


def _headline(source: str, article: Mapping[str, Any]) -> Headline:
    categories = _categories(article.get("CATEGORY_DATA"))
    return Headline(
        source=source,
        title=str(article["TITLE"]),
        published=_instant(article.get("PUBLISHED_ON")),
        own_id=str(article.get("ID") or article.get("GUID") or ""),
        url=str(article.get("URL") or ""),
        summary=str(article.get("BODY") or ""),
        category=next(iter(categories), ""),
        tags=categories,
    )


def _categories(listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    return tuple(str(one.get("CATEGORY") or "") for one in listed if isinstance(one, Mapping))


def _instant(seconds: Any) -> datetime | None:
    """Unix seconds as an instant; None: no number, or beyond the calendar."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
