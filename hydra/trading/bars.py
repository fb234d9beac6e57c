"""What happens in a pair's market while orders work: bars and funding settlements."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

BAR_LENGTH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed minute of traded prices, and of the mark price; where no mark is recorded the two are one.

    time: the bar's open. volume in base units. mark: (open, high, low, close). length: five minutes where a
    backtest has no shorter candles.
    """

    instrument_id: int
    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    mark: tuple[float, float, float, float]
    mark_source: str
    length: timedelta = BAR_LENGTH

    @property
    def end(self) -> datetime:
        """The instant that its fills carry."""
        return self.time + self.length

    @property
    def traded(self) -> tuple[float, float, float]:
        """Open, high and low of the traded prices."""
        return self.open, self.high, self.low


@dataclass(frozen=True, slots=True)
class Settlement:
    """A funding settlement with the last known mark price at its instant; rate per interval, as settled.

    mark_source: 'settlement' as it came with the rate, 'mark' of a mark bar, 'last' of a candle.
    """

    instrument_id: int
    time: datetime
    rate: float
    mark: float
    mark_source: str
