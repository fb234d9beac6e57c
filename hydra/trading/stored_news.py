"""Stored analyses of the news, repeated under a run over stored history; the analyst is never asked for it.

Source: C109 (a model that has read the future leaks); docs/news.md, "What it does".
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import psycopg

from hydra.db import queries
from hydra.errors import StopError
from hydra.trading.parameters import Rules
from hydra.trading.runs import Run, read_run


class NewsInput(StrEnum):
    """What a run over stored history knows of the news. OFF: nothing. REPLAY: the scans stored before."""

    OFF = "off"
    REPLAY = "replay"


@dataclass(frozen=True)
class NewsChoice:
    """The news of a run. of_run: whose scans are replayed; None: all that were made for the same pairs."""

    kind: NewsInput = NewsInput.OFF
    of_run: int | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The part of `runs.config` that says it."""
        return {"news": self.kind.value, **({} if self.of_run is None else {"news_of": self.of_run})}


WITHOUT_NEWS: Final = NewsChoice()


def news_choice(kind: NewsInput, of_run: int | None) -> NewsChoice:
    """The choice of --news and --news-of.

    Raises:
        StopError: a run is named, but nothing is replayed.
    """
    if of_run is not None and kind is not NewsInput.REPLAY:
        raise StopError(f"--news-of {of_run}: it says which scans are replayed; add --news replay")
    return NewsChoice(kind, of_run)


def repeat_stored_news(connection: psycopg.Connection, run: Run, rules: Rules, choice: NewsChoice) -> None:
    """Store the chosen scans and views under `run`, with the instants at which they were known.

    Raises:
        StopError: there is no such run, or it has no scan in the range of `run`.
    """
    if choice.kind is NewsInput.OFF:
        return
    if choice.of_run is not None:
        read_run(connection, choice.of_run)
    values = {
        "run_id": run.run_id,
        "of_run": choice.of_run,
        "instrument_ids": list(run.instrument_ids),
        # A view counts for two scans, so one from before the first minute may.
        "start": run.data_from - rules.news_counts_for,
        "end": run.data_to,
        "interval": timedelta(minutes=rules.news_scan_minutes),
    }
    row = connection.execute(queries.load("news/replay"), values).fetchone()
    if row is None or not row[0]:
        of_whom = "for these pairs" if choice.of_run is None else f"by run {choice.of_run}"
        until = "on" if run.data_to is None else f"to {run.data_to:%Y-%m-%d %H:%M}"
        raise StopError(
            f"--news replay: no scan of the news was stored {of_whom} from {run.data_from:%Y-%m-%d %H:%M} "
            f"{until} UTC: `hydra news show` tells what is stored; leave --news out to decide without news"
        )
