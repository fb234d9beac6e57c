"""The settings of a generated market."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from hydra.bounds import LARGEST_SEED
from hydra.errors import SettingsError

STEP_SECONDS: Final = 5
MOST_PAIRS: Final = 10_000
STEPS_PER_MINUTE: Final = 60 // STEP_SECONDS


class Scenario(StrEnum):
    """What is planted into every simulated day (a day counts from `MarketSettings.start`).

    CALM plants nothing; QUIET halves the volatility; DAY is the default mix (docs/market_model.md).
    """

    DAY = "day"
    CALM = "calm"
    QUIET = "quiet"
    CASCADE = "cascade"
    FUNDING_SPIKE = "funding_spike"
    FUNDING_EXTREME = "funding_extreme"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """The market to generate.

    seed: 0 to 2**62.
    start: first minute with books, trades, heartbeats and planted scenarios; UTC, a whole minute.
    warm_up_days: history before `start`, without books, trades, heartbeats and planted scenarios.
    pairs: how many; the first eight are the universe, the others are invented (SIM009...).
    book_interval_seconds: between snapshots, a multiple of 5; 0 for no books.
    with_open_interest_polls: polls every 15 s in addition to the five-minute grid.
    heartbeat_interval_seconds: between heartbeats of a feed and pair, a multiple of 5; 0 for none.
    """

    seed: int
    start: datetime
    pairs: int = 8
    scenarios: tuple[Scenario, ...] = (Scenario.DAY,)
    warm_up_days: int = 0
    book_interval_seconds: int = 5
    with_trades: bool = False
    with_open_interest_polls: bool = False
    heartbeat_interval_seconds: int = 30

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            SettingsError: names the setting, its value and what it should be.
        """
        for name, value, valid, wanted in self._checks():
            if not valid:
                raise SettingsError(f"generated market: {name} is {value!r}; give {wanted}")

    def _checks(self) -> list[tuple[str, object, bool, str]]:
        whole = self.start.tzinfo is not None and self.start.timestamp() % 60 == 0
        return [
            ("seed", self.seed, 0 <= self.seed <= LARGEST_SEED, "a whole number from 0 to 2**62"),
            ("start", self.start, whole, "a whole minute with a time zone"),
            ("pairs", self.pairs, 1 <= self.pairs <= MOST_PAIRS, f"1 to {MOST_PAIRS}"),
            ("warm_up_days", self.warm_up_days, self.warm_up_days >= 0, "0 or more days"),
            ("scenarios", self.scenarios, len(self.scenarios) > 0, "at least one scenario, e.g. calm"),
            _interval("book_interval_seconds", self.book_interval_seconds),
            _interval("heartbeat_interval_seconds", self.heartbeat_interval_seconds),
        ]

    @property
    def first_minute(self) -> int:
        """The first generated minute (warm-up included), in minutes since 1970 UTC."""
        return self.start_minute - self.warm_up_days * 1440

    @property
    def start_minute(self) -> int:
        """`start` in minutes since 1970 UTC."""
        return int((self.start - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(minutes=1))


def _interval(name: str, seconds: int) -> tuple[str, object, bool, str]:
    valid = seconds >= 0 and seconds % STEP_SECONDS == 0
    return name, seconds, valid, f"0 or a multiple of {STEP_SECONDS} seconds"
