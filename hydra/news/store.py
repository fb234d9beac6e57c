"""Headlines into market.news_items: each once, with what it repeats."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import psycopg

from hydra.db import queries
from hydra.news.cleaning import cleaned
from hydra.news.items import LONGEST_TITLE, Headline, item_id_of, items_of
from hydra.news.near_duplicates import LOOK_BACK, KnownTitle, RecentTitles, normalised


class Stored(NamedTuple):
    """What became of headlines: new ones, of these the ones that repeat another; known before."""

    added: int
    repeated: int
    known: int


def store_headlines(connection: psycopg.Connection, headlines: Sequence[tuple[Headline, datetime]]) -> Stored:
    """Store headlines with their known_at in one transaction; what is stored already stays as it is.

    Raises:
        psycopg.Error: the server cannot be used; nothing was stored.
    """
    if not headlines:
        return Stored(0, 0, 0)
    with connection.transaction(), connection.cursor() as cursor:
        ids = [item_id_of(one, cleaned(one.title, LONGEST_TITLE)) for one, _ in headlines]
        known = {row[0] for row in cursor.execute(queries.load("news/known_ids"), {"item_ids": ids})}
        fresh = [pair for pair, item_id in zip(headlines, ids, strict=True) if item_id not in known]
        items = list(items_of(fresh, _recent(connection, fresh)))
        cursor.executemany(queries.load("news/add_item"), [asdict(item) for item in items])
    repeated = sum(item.duplicate_of is not None for item in items)
    return Stored(len(items), repeated, len(headlines) - len(items))


def _recent(connection: psycopg.Connection, headlines: Sequence[tuple[Headline, datetime]]) -> RecentTitles:
    recent = RecentTitles()
    if headlines:
        instants = [known_at for _, known_at in headlines]
        span = {"since": min(instants) - LOOK_BACK, "until": max(instants)}
        rows = connection.execute(queries.load("news/recent_titles"), span)
        recent.add(KnownTitle(row[0], row[1], normalised(row[3], row[2])) for row in rows)
    return recent
