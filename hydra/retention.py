"""How long facts are kept, by table.

Source: docs/database.md, "Size".
"""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator


class Window(NamedTuple):
    """Days after their arrival that the facts of a table are kept; 0: for ever. least: what reads need."""

    days: int
    least: int


WINDOWS: Final[Mapping[str, Window]] = {
    "trades": Window(30, 7),
    "order_books": Window(90, 35),
    "premium_index": Window(30, 7),
    "candles_1m": Window(0, 120),
    "candles_5m_recorded": Window(0, 120),
    "mark_prices": Window(0, 120),
    "funding_rates": Window(0, 120),
    "open_interest": Window(0, 120),
    "positioning": Window(0, 120),
    "liquidations": Window(0, 120),
    "aggregated_liquidations": Window(0, 120),
    "sentiment": Window(0, 120),
    "feed_heartbeats": Window(0, 35),
}
"""The default of each table, and the least that may be set: features read the days before a decision."""

_MOST_DAYS: Final = 36_500


def retention_days(text: str | None) -> dict[str, int]:
    """Days by table, from text such as trades=30,order_books=90; a table that is not named has its default.

    Raises:
        ValueError: a table is unknown or named twice, or its days are no whole number in range.
    """
    found: dict[str, int] = {}
    for part in text.split(",") if text else ():
        name, separator, days = (piece.strip() for piece in part.partition("="))
        if not separator or name not in WINDOWS:
            raise ValueError(
                f"{part.strip()}: write TABLE=DAYS, the table one of {', '.join(WINDOWS)}; 0: for ever"
            )
        if name in found:
            raise ValueError(f"{name} is named twice")
        found[name] = _days(name, days)
    return {name: found.get(name, window.days) for name, window in WINDOWS.items()}


def _days(name: str, text: str) -> int:
    least = WINDOWS[name].least
    if not text.isdecimal() or not (int(text) == 0 or least <= int(text) <= _MOST_DAYS):
        raise ValueError(f"{name}={text} is neither 0 (for ever) nor whole days from {least} to {_MOST_DAYS}")
    return int(text)


def _checked(text: str) -> str:
    retention_days(text)
    return text


RetentionDays = Annotated[str, AfterValidator(_checked)]
