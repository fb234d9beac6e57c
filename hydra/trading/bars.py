"""The bars and funding settlements of a pair that the paper exchange plays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

BAR_LENGTH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed bar of traded prices and of the mark price.

    time: the bar's open. volume: base units. mark: (open, high, low, close), the traded prices where no mark
    is recorded. length: five minutes where a backtest has no shorter candles.
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
        """The time of its fills."""
        return self.time + self.length

    @property
    def traded(self) -> tuple[float, float, float]:
        """Open, high and low of the traded prices."""
        return self.open, self.high, self.low


@dataclass(frozen=True, slots=True)
class Settlement:
    """A funding settlement with the last known mark price. rate: per interval, as settled.

    mark_source: 'settlement': stored with the rate; 'mark': of a mark bar; 'last': of a candle.
    """

    instrument_id: int
    time: datetime
    rate: float
    mark: float
    mark_source: str
