"""Whether two headlines say the same: a repeat is stored and not shown to the analyst a second time.

To hide a headline that says something else is worse than to show one twice, so the rule is narrow. After
unlike spelling is taken away (case, signs, words that carry no meaning, the publisher's name at the end), the
words of one title must all stand in the other, in their order, and be at least four fifths of them; no number
may differ, no other pair be named, and no word be added that turns the meaning ("denies", "fake"). So
"SEC approves ..." is no repeat of "SEC rejects ...", nor "Binance sues SEC" of "SEC sues Binance".
Source: docs/news.md, "Sources".
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hydra.news.mentions import mentioned

LOOK_BACK: Final = timedelta(hours=48)
"""How long a headline is held against later ones."""
LEAST_SHARE: Final = 0.8
LEAST_WORDS: Final = 5
"""A shorter title repeats another only if their words are the same."""

_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_EMPTY_WORDS: Final = frozenset({
    "a", "an", "the", "is", "are", "was", "were", "be", "has", "have", "this", "that", "just",
    "now", "breaking", "update", "exclusive", "report",
})  # fmt: skip
_TURNING_WORDS: Final = frozenset({
    "no", "not", "never", "none", "nothing", "without", "against", "false", "fake", "hoax", "scam",
    "denies", "deny", "denied", "debunks", "refutes", "rejects", "rejected", "cancels", "cancelled",
    "canceled", "delays", "delayed", "halts", "halted", "reverses", "reversed", "isn't", "aren't",
    "wasn't", "won't", "don't", "doesn't", "didn't", "can't", "cannot", "may", "might", "could",
    "if", "unless", "until", "before", "after", "why", "how",
})  # fmt: skip
_PUBLISHER: Final = re.compile(r"\s+[-|–—]\s+[^-|–—]{2,30}$")


def normalised(title: str, source: str = "") -> tuple[str, ...]:
    """The words of a title that carry its meaning, in order; `source` at its end is no part of it."""
    plain = unicodedata.normalize("NFKC", title).replace("’", "'")
    ending = _PUBLISHER.search(plain)
    if ending and source and _letters(source) in _letters(ending[0]):
        plain = plain[: ending.start()]
    words = (word.replace(",", "") if word[0].isdigit() else word for word in _WORD.findall(plain.casefold()))
    kept = tuple(word for word in words if word not in _EMPTY_WORDS)
    return kept or tuple(plain.casefold().split())


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def says_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two normalised titles say the same (the rule stands above). Symmetric.

    >>> says_the_same(normalised("Bitcoin hits $100,000"), normalised("BREAKING: Bitcoin hits $100,000!"))
    True
    """
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < max(LEAST_WORDS, LEAST_SHARE * len(longer)) or not _is_within(shorter, longer):
        return False
    added = list(longer)
    for word in shorter:
        added.remove(word)
    if any(word[0].isdigit() or word in _TURNING_WORDS for word in added):
        return False
    return _pairs(shorter) == _pairs(longer)


def _pairs(words: tuple[str, ...]) -> frozenset[int]:
    """The pairs that casefolded words may name."""
    text = " ".join(words)
    return mentioned(text.upper()) | mentioned(text.title())


def _is_within(shorter: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    rest = iter(longer)
    return all(word in rest for word in shorter)


@dataclass(frozen=True)
class KnownTitle:
    """A stored headline that later ones may repeat. words: `normalised`."""

    item_id: str
    known_at: datetime
    words: tuple[str, ...]


@dataclass
class RecentTitles:
    """The headlines of the last 48 hours, which new ones are held against, earlier ones first."""

    _by_word: dict[str, list[KnownTitle]] = field(default_factory=lambda: defaultdict(list))

    def add(self, titles: Iterable[KnownTitle]) -> None:
        """Hold later headlines against these too."""
        for title in titles:
            for word in set(title.words):
                self._by_word[word].append(title)

    def repeated(self, words: tuple[str, ...], known_at: datetime) -> str | None:
        """The item_id of the earliest one that says the same and was known within 48 hours before."""
        if not words:
            return None
        # Of two titles that say the same, the one has at least four fifths of the other's words; so the
        # rarest few words decide whom to look at.
        rarest = sorted(set(words), key=lambda word: len(self._by_word.get(word, ())))
        looked_at = rarest[: max(1, len(words) - int(LEAST_SHARE * len(words)) + 1)]
        found = {
            title.item_id: title
            for word in looked_at
            for title in self._by_word.get(word, ())
            if known_at - LOOK_BACK <= title.known_at <= known_at and says_the_same(words, title.words)
        }
        earliest = min(found.values(), key=lambda title: (title.known_at, title.item_id), default=None)
        return None if earliest is None else earliest.item_id
