"""What the news gate of a minute had, in words: a view and its age, or which scan left it without one.

Pure: rows in, words out. Reasons and details are text of strangers: they are escaped where they are shown.
Source: C24, C25, C111; docs/news.md, "What it does".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hydra.answers.formatting import minute_text, with_unit
from hydra.domain import NewsAction, NewsConfidence, ScanOutcome
from hydra.layers.layer3_news import NewsView, exit_is_confirmed

Row = Mapping[str, Any]

SCAN_WORDS: Final[dict[ScanOutcome, str]] = {
    ScanOutcome.ANALYZED: "no headline said anything of this pair",
    ScanOutcome.PARTIAL: "its answer left pairs out, or was not valid for them",
    ScanOutcome.NO_KEY: "there is no key for the model",
    ScanOutcome.NO_MODEL: "no model is set",
    ScanOutcome.NO_BUDGET: "the day's budget was spent",
    ScanOutcome.NO_NEWS: "there was no new headline, so nothing was asked",
    ScanOutcome.REFUSED: "the model refused to answer",
    ScanOutcome.TIMED_OUT: "no answer came in time",
    ScanOutcome.RATE_LIMITED: "the provider allowed no more requests",
    ScanOutcome.OVERLOADED: "the provider was overloaded",
    ScanOutcome.UNREACHABLE: "the provider was not reached",
    ScanOutcome.BAD_KEY: "the provider did not accept the key",
    ScanOutcome.UNKNOWN_MODEL: "the provider does not know the model, or has retired it",
    ScanOutcome.MALFORMED: "the answer was not in the form that was asked for",
    ScanOutcome.CUT_OFF: "the answer was cut off at its longest",
}
"""Why a scan left no view, each outcome in words of its own."""

NO_SCAN: Final = "not recorded: no news view; its absence never blocks"


@dataclass(frozen=True, slots=True)
class NewsRows:
    """What was known of the news of a pair at a minute.

    views: newest first, at most two, however old. scan: the newest that had begun; None: none has.
    counts_for_seconds: how long a view counts.
    """

    views: Sequence[Row] = ()
    scan: Row | None = None
    counts_for_seconds: float = 3600.0

    @property
    def counting(self) -> Sequence[Row]:
        """The views that are young enough to count."""
        return [view for view in self.views if view["age_seconds"] < self.counts_for_seconds]


def news_words(news: NewsRows) -> tuple[str, ...]:
    """The view that counts, what it demands, and what became of the newest scan where that gave none."""
    if news.counting:
        return (_view_words(news.counting[0]), *_exit_words(news.counting), *_scan_words(news))
    if not news.views and news.scan is None:
        return (NO_SCAN,)
    said = "no news view; its absence never blocks"
    return (said, *_too_old_words(news), *_scan_words(news))


def _view_words(view: Row) -> str:
    age = with_unit("age_seconds", view["age_seconds"])
    return f"{view['action']} ({view['confidence']} confidence, {age} old): {view['reason']}"


def _exit_words(counting: Sequence[Row]) -> list[str]:
    """What an exit comes to (C25); nothing for another view."""
    if counting[0]["action"] != NewsAction.EXIT:
        return []
    if exit_is_confirmed([_view(one) for one in counting]):
        since = minute_text(counting[0]["known_at"])
        return [f"the exit is confirmed: it closes a position that was open before {since} UTC"]
    return [
        "the exit is not confirmed by the scan before or a high confidence: it forbids, and closes nothing"
    ]


def _too_old_words(news: NewsRows) -> list[str]:
    if not news.views:
        return []
    age, most = (
        with_unit("age_seconds", value) for value in (news.views[0]["age_seconds"], news.counts_for_seconds)
    )
    return [f"the last one, {news.views[0]['action']}, is {age} old: older than two scans ({most})"]


def _scan_words(news: NewsRows) -> list[str]:
    """Of a scan that is newer than the newest view: why it left none."""
    scan = news.scan
    if scan is None or (news.views and news.views[0]["time"] >= scan["time"]):
        return []
    outcome = ScanOutcome(scan["outcome"])
    when = f"the scan of {minute_text(scan['time'])} UTC, {with_unit('age_seconds', scan['age_seconds'])} old"
    if scan["has_view"]:
        return [f"{when}: its answer was not known yet"]
    detail = f": {scan['detail']}" if scan["detail"] else ""
    return [f"{when}, left none: {SCAN_WORDS[outcome]} [{outcome}]{detail}"]


def _view(row: Row) -> NewsView:
    return NewsView(
        row["time"],
        row["known_at"],
        NewsAction(row["action"]),
        NewsConfidence(row["confidence"]),
        row["scan_before"],
    )
