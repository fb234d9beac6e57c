"""How each source of headlines fares: part of the answer of `hydra status`, and `hydra news sources`."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


@dataclass(frozen=True)
class NewsSourceCondition:
    """One source. state: LIVE, FAILING or STOPPED (nobody asks it). detail: what is wrong, in words.

    failures: in a row. items_of_day: headlines of the last 24 h, repeats_of_day: of these the repeated ones.
    """

    source: str
    state: str
    last_attempt: datetime
    last_success: datetime | None
    next_attempt: datetime
    failures: int
    items_total: int
    items_of_day: int
    repeats_of_day: int
    detail: str | None


def read_news_sources(connection: psycopg.Connection) -> list[NewsSourceCondition]:
    """Every source that was asked in the last week, by name."""
    with connection.cursor(row_factory=class_row(NewsSourceCondition)) as cursor:
        return cursor.execute(queries.load("status/news_sources")).fetchall()
