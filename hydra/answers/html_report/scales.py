"""From values to places on a plot: scales and their ticks. Pure arithmetic."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """The stretch of values from one end of a plot to the other; low is below high."""

    low: float
    high: float

    def share(self, value: float | None) -> float | None:
        """Where `value` lies, 0 at low and 1 at high; None for what is no finite number."""
        if value is None or not math.isfinite(value):
            return None
        return (value - self.low) / (self.high - self.low)

    def from_top(self, value: float | None) -> float | None:
        """The same, counted from the upper edge."""
        share = self.share(value)
        return None if share is None else 1.0 - share


def finite(values: Iterable[float | None]) -> list[float]:
    """The values that are numbers."""
    return [value for value in values if value is not None and math.isfinite(value)]


def nice_step(span: float, most: int) -> float:
    """The smallest step of 1, 2, 2.5 or 5 times a power of ten that cuts `span` into at most `most` parts."""
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 2.5, 5.0):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def scale_over(values: Iterable[float | None], most: int = 5) -> Scale:
    """The scale from tick to tick that holds every value; 0 to 1 without any."""
    known = finite(values)
    if not known:
        return Scale(0.0, 1.0)
    low, high = min(known), max(known)
    if low == high:
        margin = abs(low) * 0.01 or 1.0
        low, high = low - margin, high + margin
    step = nice_step(high - low, most)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)


def tight_scale(values: Iterable[float | None], margin: float = 0.04) -> Scale:
    """The scale that ends a `margin` of the span beyond the values; 0 to 1 without any."""
    known = finite(values)
    if not known:
        return Scale(0.0, 1.0)
    low, high = min(known), max(known)
    room = (high - low) * margin or abs(low) * 0.01 or 1.0
    return Scale(low - room, high + room)


def ticks(scale: Scale, most: int = 5) -> list[float]:
    """Round values within the scale, at most `most` + 1."""
    step = nice_step(scale.high - scale.low, most)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def tick_digits(values: list[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    if len(values) < 2:  # noqa: PLR2004  # a step needs two
        return 2
    step = values[1] - values[0]
    return max(0, min(8, -math.floor(math.log10(step) + 1e-9) + (_has_quarter(step))))


def _has_quarter(step: float) -> bool:
    leading = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return abs(leading - 2.5) < 1e-6  # noqa: PLR2004  # the only step with two digits


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The stretch of time from the left to the right edge of a plot, UTC; start is before end."""

    start: datetime
    end: datetime

    def share(self, time: datetime) -> float:
        """Where `time` lies, 0 at the start and 1 at the end."""
        return (time - self.start) / (self.end - self.start)


_STEPS_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400, 43200, 86400)
_DAY_MINUTES: Final = 1440


def time_ticks(scale: TimeScale, most: int = 8) -> list[tuple[datetime, str]]:
    """Round instants within the scale with what to write there: time of day, or the date at midnight."""
    minutes = (scale.end - scale.start) / timedelta(minutes=1)
    last = _STEPS_MINUTES[-1]
    step = next(
        (step for step in _STEPS_MINUTES if minutes / step <= most), last * math.ceil(minutes / last / most)
    )
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    length = timedelta(minutes=step)
    time = epoch + math.ceil((scale.start - epoch) / length) * length
    found = []
    while time <= scale.end:
        found.append((time, _tick_text(time, step)))
        time += length
    return found


def _tick_text(time: datetime, step_minutes: int) -> str:
    is_midnight = time.hour == 0 and time.minute == 0
    return f"{time:%d %b}" if step_minutes >= _DAY_MINUTES or is_midnight else f"{time:%H:%M}"
