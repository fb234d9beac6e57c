"""Reads the answer of a language model as text of a stranger: what is not exactly right does not count.

A pair whose analysis is missing, doubled or wrong in anything has none; the others keep theirs.
Source: layers document, "Per-Pair Analysis Output"; C25; docs/news.md, "Untrusted text".
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Never

from hydra.domain import NewsAction, NewsConfidence, ScanOutcome
from hydra.news.cleaning import cleaned
from hydra.news.prompt import NO_VIEW, SYMBOLS

LONGEST_ANSWER: Final = 50_000
LONGEST_REASON: Final = 500
MOST_ANALYSES: Final = 100
_KEYS: Final = frozenset({"symbol", "action", "confidence", "reason"})
_SHOWN_SYMBOL: Final = 20


@dataclass(frozen=True)
class PairAnalysis:
    """What the analyst says about a pair. symbol: its base; reason: cleaned; timestamp: run's clock.

    Source: layers document, "PairAnalysis".
    """

    symbol: str
    action: NewsAction
    confidence: NewsConfidence
    reason: str
    timestamp: datetime


@dataclass(frozen=True)
class AnswerRead:
    """The analyses that count; the pairs of which the analyst says that there is no news; what was wrong."""

    analyses: tuple[PairAnalysis, ...]
    without_news: tuple[str, ...]
    complaints: tuple[str, ...]

    @property
    def outcome(self) -> ScanOutcome:
        """MALFORMED: nothing counts. PARTIAL: something was wrong."""
        if not self.complaints:
            return ScanOutcome.ANALYZED
        return ScanOutcome.PARTIAL if self.analyses or self.without_news else ScanOutcome.MALFORMED


def read_answer(text: str, timestamp: datetime) -> AnswerRead:
    """The analyses in `text`. It never raises: what is wrong is said in `complaints`."""
    try:
        rows = _rows(text)
    except _NotAsAskedError as error:
        return AnswerRead((), (), (str(error),))
    seen = Counter(row["symbol"] for row in rows if _is_pair(row))
    analyses: list[PairAnalysis] = []
    without_news: list[str] = []
    complaints = [*_strangers(rows), *(f"{one}: missing" for one in SYMBOLS if one not in seen)]
    for row in (row for row in rows if _is_pair(row)):
        symbol = str(row["symbol"])
        if seen[symbol] > 1:
            complaints.append(f"{symbol}: named {seen[symbol]} times")
        elif (complaint := _complaint(row)) is not None:
            complaints.append(f"{symbol}: {complaint}")
        elif row["action"] == NO_VIEW:
            without_news.append(symbol)
        else:
            analyses.append(_analysis(row, timestamp))
    return AnswerRead(tuple(analyses), tuple(without_news), tuple(dict.fromkeys(complaints)))


class _NotAsAskedError(ValueError):
    """The answer as a whole is not what was asked for."""


def _rows(text: str) -> list[Any]:
    if len(text) > LONGEST_ANSWER:
        raise _NotAsAskedError(f"the answer is longer than {LONGEST_ANSWER:,} characters")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _NotAsAskedError("the answer is no JSON, or names a key twice") from None
    if not isinstance(value, dict) or set(value) != {"analyses"} or not isinstance(value["analyses"], list):
        raise _NotAsAskedError("the answer is not one object with the list analyses alone")
    rows = value["analyses"]
    if len(rows) > MOST_ANALYSES:
        raise _NotAsAskedError(f"the answer holds more than {MOST_ANALYSES} analyses")
    return rows


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse_constant(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")


def _is_pair(row: Any) -> bool:
    return isinstance(row, Mapping) and row.get("symbol") in SYMBOLS


def _strangers(rows: Sequence[Any]) -> Iterator[str]:
    for row in rows:
        if not isinstance(row, Mapping):
            yield "an analysis is no object"
        elif not _is_pair(row):
            symbol = row.get("symbol")
            named = cleaned(symbol, _SHOWN_SYMBOL) if isinstance(symbol, str) else "no name"
            yield f"{named or 'no name'}: not one of the pairs"


def _complaint(row: Mapping[str, Any]) -> str | None:
    """What is wrong with the analysis of a known pair; None: nothing."""
    if set(row) != _KEYS:
        return "other fields than asked for"
    if not all(isinstance(value, str) for value in row.values()):
        return "a value is no text"
    if row["action"] not in {*NewsAction, NO_VIEW}:
        return "an unknown action"
    if row["confidence"] not in set(NewsConfidence):
        return "an unknown confidence"
    return _complaint_of_reason(row["reason"])


def _complaint_of_reason(reason: str) -> str | None:
    if len(reason) > LONGEST_REASON:
        return f"a reason of more than {LONGEST_REASON} characters"
    if any("\ud800" <= one <= "\udfff" for one in reason):
        return "a reason that is no text"
    return None if cleaned(reason, LONGEST_REASON) else "no reason"


def _analysis(row: Mapping[str, Any], timestamp: datetime) -> PairAnalysis:
    return PairAnalysis(
        symbol=row["symbol"],
        action=NewsAction(row["action"]),
        confidence=NewsConfidence(row["confidence"]),
        reason=cleaned(row["reason"], LONGEST_REASON),
        timestamp=timestamp,
    )
