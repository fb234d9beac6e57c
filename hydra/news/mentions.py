"""Which of the eight pairs a headline concerns: by the source's tags, and by names in its words.

A symbol counts in capitals only ("SOL", never "sol"); a name counts in any case, unless the words around it
make it another thing ("Bitcoin Cash", "ripple effect", "Elon Musk's DOGE"). A headline that names none
concerns the market as a whole, so a pair that is missed hides nothing.
Source: docs/news.md, "Sources"; C21 (the pairs and their names).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hydra.universe import UNIVERSE

_OTHER_BITCOINS: Final = r"(?!\s+(?:cash|sv|gold|diamond|private|pepe|solaris|hyper|bull|swift|magazine)\b)"
_OTHER_ETHEREUMS: Final = r"(?!\s+(?:classic|name\s+service|max|pow)\b)"
_DEPARTMENT: Final = re.compile(
    r"\b(?:department|government|federal|treasury secretary|agenc(?:y|ies)|employees?|consultants?|usaid|irs|"
    r"social security|efficiency|ramaswamy|supreme court|recession|contracts?)\b|"
    r"\bmusk['’]s\s+d\.?o\.?g\.?e\b",
    re.IGNORECASE,
)
_DISABILITIES: Final = r"(?![\s-]+(?:compliance|compliant|act|accessibility)\b)"


@dataclass(frozen=True)
class _Names:
    """How a pair is named. names: in any case; symbols and capitalised: exactly as written. The texts are
    regular expressions."""

    base: str
    names: tuple[str, ...]
    symbols: tuple[str, ...]
    capitalised: tuple[str, ...] = ()


_NAMES: Final = (
    _Names("BTC", ("bitcoins?" + _OTHER_BITCOINS,), ("BTC", "XBT")),
    _Names("ETH", ("ethereum" + _OTHER_ETHEREUMS,), ("ETH",), (r"(?<!the )Ether",)),
    _Names("SOL", ("solana",), ("SOL",)),
    _Names("BNB", (r"binance\s+coin",), ("BNB",)),
    _Names("ADA", ("cardano",), ("ADA" + _DISABILITIES,)),
    _Names("XRP", ("xrpl",), ("XRP",), (r"Ripple(?!\s+(?:[Ee]ffects?|[Tt]hrough|[Aa]cross)\b)",)),
    _Names("LTC", ("litecoin",), ("LTC",)),
    _Names("DOGE", ("dogecoin",), ("DOGE",)),
)
_ID_BY_BASE: Final = {pair.base: pair.instrument_id for pair in UNIVERSE}


def _expression(texts: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(texts)})(?!\w)", flags)


_NAMED: Final = {_ID_BY_BASE[one.base]: _expression(one.names, re.IGNORECASE) for one in _NAMES}
_EXACT: Final = {
    _ID_BY_BASE[one.base]: _expression(
        (*(rf"{symbol}(?:USDT?)?" for symbol in one.symbols), *one.capitalised)
    )
    for one in _NAMES
}
_DOGE: Final = _ID_BY_BASE["DOGE"]


def mentioned(text: str) -> frozenset[int]:
    """The instrument_ids of the pairs that `text` names."""
    plain = unicodedata.normalize("NFKC", text)
    found = {pair for pair, expression in _NAMED.items() if expression.search(plain)}
    exact = {pair for pair, expression in _EXACT.items() if expression.search(plain)}
    if _DOGE not in found and _DEPARTMENT.search(plain):
        exact.discard(_DOGE)
    return frozenset(found | exact)


def concerned(title: str, summary: str | None, tags: Iterable[str]) -> tuple[int, ...]:
    """The instrument_ids that a headline concerns, ascending; empty: the market as a whole.

    Its title and tags say it; where they name none, its summary. A tag is a symbol in any case ("btc"), or a
    name. Where a title speaks of the department DOGE, its tag DOGE does not count.
    """
    tagged = {_of_tag(tag) for tag in tags} - {None}
    titled = mentioned(title)
    if _DOGE not in titled and _DEPARTMENT.search(title):
        tagged.discard(_DOGE)
    found = titled | {pair for pair in tagged if pair is not None}
    return tuple(sorted(found or mentioned(summary or "")))


def _of_tag(tag: str) -> int | None:
    symbol = tag.strip().upper()
    if symbol in _ID_BY_BASE:
        return _ID_BY_BASE[symbol]
    pairs = mentioned(tag)
    return next(iter(pairs)) if len(pairs) == 1 else None
