"""Where the facts behind a decision begin: an anchor that depends on the decision's instant alone.

Rolling windows could begin anywhere further back and give the same values. Recursive features (Wilder's
sums in ADX) remember their first bar, so live reading, replay and batch agree only if they begin at the
same one: the start of the period that holds t, minus the warm-up of the input.
Source: features.md section 0, acceptance (5); DESIGN, law 3; C116.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from hydra.durations import DAY, EPOCH, HOUR
from hydra.errors import StopError


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How far before the start of the `period` that holds t an input is read, and for what."""

    before: timedelta
    period: timedelta
    reason: str

    def anchor(self, instant: datetime) -> datetime:
        """The earliest time of this input that a decision at `instant` reads (UTC)."""
        return instant - (instant - EPOCH) % self.period - self.before


_CANDLES: Final = WarmUp(
    timedelta(days=31),
    DAY,
    "720 hourly samples and 8640 five-minute samples are 30 days; one day for the windows inside the first "
    "samples (60 minutes, 12 bars) and for the 150 bars after which ADX has forgotten its start",
)

WARM_UP: Final[dict[str, WarmUp]] = {
    "candles_1m": _CANDLES,
    "candles_5m": _CANDLES,
    "funding_rates": WarmUp(
        timedelta(days=36),
        DAY,
        "100 settlements of 8 h are 33 days and 8 hours; 3 more for the momentum, 2 for the validity",
    ),
    "open_interest_5m": WarmUp(
        timedelta(days=1),
        DAY,
        "100 changes over 60 minutes on the five-minute grid are 9 h 20 min; 10 min of validity",
    ),
    "positioning": WarmUp(timedelta(days=1), DAY, "the last period, valid for 15 min, with room for a gap"),
    "liquidations": WarmUp(
        timedelta(hours=25), DAY, "288 five-minute buckets before the current one; 60 min of recent ones"
    ),
    "order_book_tops": WarmUp(
        timedelta(minutes=5), HOUR, "the last snapshot, valid for 15 s; a day of them would be 17,280 a pair"
    ),
    "heartbeats": WarmUp(
        timedelta(hours=25),
        HOUR,
        "each of the 288 buckets of forced orders counts only if the feed was alive",
    ),
}


def anchor(instant: datetime, warm_up: Mapping[str, WarmUp] = WARM_UP) -> dict[str, datetime]:
    """For every input of `warm_up` the earliest time that a decision at `instant` reads, in UTC.

    Raises:
        StopError: `instant` has no time zone.
    """
    if instant.tzinfo is None:
        raise StopError(f"the decision instant {instant} has no time zone; give it in UTC")
    return {name: input_.anchor(instant.astimezone(UTC)) for name, input_ in warm_up.items()}
