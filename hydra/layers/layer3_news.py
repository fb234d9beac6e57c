"""Layer 3, news gate: the news analyst's view of a pair can veto a chosen signal, and close a position.

A view only restricts: it forbids an entry or closes what was open before it, and never opens, enlarges or
redirects. Without a view nothing is blocked (C111). Headlines are written by strangers, so an exit needs two
views in a row or a high confidence (C25).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hydra.domain import NewsAction, NewsConfidence, ReasonCode, Side
from hydra.layers.layer2_matrix import REASON_TYPE

SCANS_COUNTED: Final = 2
"""An analysis counts for as long as this many scans take; an older one is as if there were none."""


@dataclass(frozen=True, slots=True)
class NewsView:
    """The news analyst's view of a pair. time: of its scan. known_at: when the answer was there.

    scan_before: the time of the scan before its own, whatever that came to; None: there was none.
    """

    time: datetime
    known_at: datetime
    action: NewsAction
    confidence: NewsConfidence
    scan_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class PairNews:
    """What the news say of a pair at an instant.

    action: of the newest view that counts; None: none does. exit_known_at: since when a confirmed exit has
    been known (C25); None: there is none.
    """

    action: NewsAction | None = None
    exit_known_at: datetime | None = None

    def closes(self, opened_time: datetime) -> bool:
        """Whether a position opened then is to be closed: only one that was open before the exit was known.

        So one view closes at most once, and no position that was opened in spite of it.
        """
        return self.exit_known_at is not None and opened_time < self.exit_known_at


NO_NEWS: Final = PairNews()


def exit_is_confirmed(views: Sequence[NewsView]) -> bool:
    """Whether the views demand an exit. views: those that are known and count, newest first.

    A scan between them that left no view of the pair, whatever it came to, breaks the row.

    Formula: newest is exit, and: its confidence is high, or the view of the scan before is exit too
    Source: C25
    """
    if not views or views[0].action is not NewsAction.EXIT:
        return False
    if views[0].confidence is NewsConfidence.HIGH:
        return True
    if len(views) < SCANS_COUNTED or views[1].action is not NewsAction.EXIT:
        return False
    return views[0].scan_before is None or views[0].scan_before <= views[1].time


def pair_news(views: Sequence[NewsView]) -> PairNews:
    """What `views` say together. views: as in `exit_is_confirmed`; more than SCANS_COUNTED change nothing."""
    if not views:
        return NO_NEWS
    return PairNews(views[0].action, views[0].known_at if exit_is_confirmed(views) else None)


def should_trade(action: NewsAction | None, reason: str, side: Side) -> tuple[bool, str]:
    """Whether the view allows a trade of `side`, and why. action None: no view.

    Formula: exit: no; bearish and long: no; bullish and short: no; else yes
    Source: layers document, "LLM News Analyst"; C03 (hold passes here; the gate stops it).
    """
    if action is None:
        return True, "No LLM analysis available"
    if action is NewsAction.EXIT:
        return False, f"LLM recommends exit: {reason}"
    if action is NewsAction.BEARISH and side is Side.LONG:
        return False, f"LLM bearish, blocking long: {reason}"
    if action is NewsAction.BULLISH and side is Side.SHORT:
        return False, f"LLM bullish, blocking short: {reason}"
    return True, f"LLM {action.value}: {reason}"


def news_veto(action: NewsAction | None, side: Side, *, hold_blocks: bool) -> ReasonCode | None:
    """The veto of `should_trade`, or of the view "hold" if `hold_blocks` (C03); None: passed."""
    if action is NewsAction.HOLD:
        return ReasonCode.NEWS_HOLD if hold_blocks else None
    if should_trade(action, "", side)[0]:
        return None
    return ReasonCode.NEWS_EXIT if action is NewsAction.EXIT else ReasonCode.NEWS_AGAINST


def gate_news(choices: pl.DataFrame, *, hold_blocks: bool) -> pl.DataFrame:
    """`choices` (see `choose`) after the gate. Reads news_action (a NewsAction value; null: no view).

    A vetoed signal is neither approved nor chosen, and no other signal takes its place.
    """
    if choices["news_action"].null_count() == choices.height:
        return choices
    veto = pl.lit(None, dtype=REASON_TYPE)
    for action in NewsAction:
        for side in (Side.LONG, Side.SHORT):
            code = news_veto(action, side, hold_blocks=hold_blocks)
            if code is not None:
                hit = (pl.col("news_action") == action.value) & (pl.col("side").cast(pl.String) == side.value)
                veto = (
                    pl.when(hit & pl.col("chosen"))
                    .then(pl.lit(code.value, dtype=REASON_TYPE))
                    .otherwise(veto)
                )
    is_vetoed = pl.col("news_veto").is_not_null()
    return (
        choices.with_columns(veto.alias("news_veto"))
        .with_columns(
            (pl.col("approved") & ~is_vetoed).alias("approved"),
            (pl.col("chosen") & ~is_vetoed).alias("chosen"),
            pl.coalesce("news_veto", "reason_code").alias("reason_code"),
        )
        .drop("news_veto")
    )
