"""Stored views of the news analyst on the minutes of a market: what each decision saw of them.

A backtest never asks the analyst: a model that has read the future leaks. It has no news, or those that were
stored before, with their known_at (C109).
Source: C25, C109; docs/architecture.md, law 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
import psycopg

from hydra.arrays import TIME, Codes, Flags, Integers
from hydra.backtest.market import BacktestMarket
from hydra.db import queries
from hydra.domain import NewsAction, NewsConfidence
from hydra.durations import EPOCH, MICROSECOND
from hydra.layers.layer3_news import SCANS_COUNTED, NewsView, PairNews, pair_news

NEWS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument_id": pl.Int16(),
    "time": TIME,
    "known_at": TIME,
    "action": pl.String(),
    "confidence": pl.String(),
    "scan_before": TIME,
}
NEWS_ACTIONS: Final = tuple(NewsAction)
_NONE: Final = -1


@dataclass(frozen=True)
class NewsColumns:
    """What the news say, per decided minute (rows) and pair (columns).

    action: index of NEWS_ACTIONS, -1: no view counts. exit_known_us: since when a confirmed exit is known,
    microseconds since 1970 UTC, -1: there is none.
    """

    action: Codes
    exit_known_us: Integers

    @property
    def demands_exit(self) -> Flags:
        """True where a confirmed exit stands."""
        flags: Flags = self.exit_known_us != _NONE
        return flags

    def of(self, row: int, column: int) -> PairNews:
        """What the news say of one pair in one minute."""
        action, known_us = self.action.item(row, column), self.exit_known_us.item(row, column)
        return PairNews(
            action=None if action == _NONE else NEWS_ACTIONS[action],
            exit_known_at=None if known_us == _NONE else EPOCH + known_us * MICROSECOND,
        )

    def action_words(self) -> pl.Series:
        """news_action of every decision, in the order of time, then pair."""
        words = pl.Series("news_action", [None, *(action.value for action in NEWS_ACTIONS)], pl.String())
        return words.gather(pl.Series(self.action.ravel() - _NONE))


def with_news_of_run(connection: psycopg.Connection, market: BacktestMarket, run_id: int) -> BacktestMarket:
    """`market` with the views that are stored under a run; unchanged if there are none."""
    rows = connection.execute(queries.load("backtest/news_views"), {"run_id": run_id}).fetchall()
    if not rows:
        return market
    return replace(market, news=pl.DataFrame(rows, schema=NEWS_SCHEMA, orient="row"))


def news_columns(market: BacktestMarket, counts_for: timedelta) -> NewsColumns | None:
    """What each decision of `market` sees of its views; None where it has none.

    As `sql/stages/assessed.sql`: of the views known by a minute's as_of, the newest two that count still.
    """
    if market.news is None or market.news.is_empty():
        return None
    shape = (len(market.minutes), len(market.instrument_ids))
    found = NewsColumns(np.full(shape, _NONE, np.int8), np.full(shape, _NONE, np.int64))
    as_of_us = market.as_of_us
    for column, instrument_id in enumerate(market.instrument_ids):
        own = market.news.filter(pl.col("instrument_id") == instrument_id).sort("known_at", "time")
        views = [_view(row) for row in own.iter_rows(named=True)]
        for begin, end, seen in _stretches(views, as_of_us, counts_for):
            news = pair_news(seen)
            if news.action is not None:
                found.action[begin:end, column] = NEWS_ACTIONS.index(news.action)
            if news.exit_known_at is not None:
                found.exit_known_us[begin:end, column] = _us(news.exit_known_at)
    return found


def _stretches(
    views: Sequence[NewsView], as_of_us: Integers, counts_for: timedelta
) -> Iterator[tuple[int, int, Sequence[NewsView]]]:
    """Rows [begin, end) with the views that they see, newest first. views: in the order of known_at."""
    rows = [*(int(np.searchsorted(as_of_us, _us(one.known_at))) for one in views), len(as_of_us)]
    newest: list[NewsView] = []
    for view, first, end in zip(views, rows[:-1], rows[1:], strict=True):
        newest = sorted([*newest, view], key=lambda one: one.time, reverse=True)[:SCANS_COUNTED]
        begin = first
        # The oldest of them is the first that is too old.
        while newest and begin < end:
            too_old = int(np.searchsorted(as_of_us, _us(newest[-1].time + counts_for)))
            until = min(end, max(begin, too_old))
            yield begin, until, newest
            if until < end:
                newest = newest[:-1]
            begin = until


def _view(row: dict[str, Any]) -> NewsView:
    """From a row of NEWS_SCHEMA."""
    return NewsView(
        row["time"],
        row["known_at"],
        NewsAction(row["action"]),
        NewsConfidence(row["confidence"]),
        row["scan_before"],
    )


def _us(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND
