"""How good a run was, as the page is told: figures with their intervals, baselines, calibration, trials."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hydra.answers.formatting import UNDEFINED, duration, percent, usd
from hydra.ledger.calibration import CalibrationBin


class Unit(StrEnum):
    """How a figure is written."""

    NUMBER = "number"
    COUNT = "count"
    FRACTION = "fraction"
    USD = "usd"
    SECONDS = "seconds"


_WRITTEN: Final[dict[Unit, Callable[[float], str]]] = {
    Unit.NUMBER: lambda value: f"{value:,.2f}",
    Unit.COUNT: lambda value: f"{value:,.0f}",
    Unit.FRACTION: percent,
    Unit.USD: usd,
    Unit.SECONDS: duration,
}


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """One line of a table of figures: a value with its 95 % interval, sample size and a note in words.

    None is undefined and is shown as "-", never as 0.
    """

    name: str
    value: float | None
    unit: Unit
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str = ""

    @property
    def value_text(self) -> str:
        """The value with its unit."""
        return self._text(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether one end at least is known."""
        return self.low is not None or self.high is not None

    @property
    def interval_text(self) -> str:
        """Both ends of the interval; "-" where there is none."""
        return f"{self._text(self.low)} to {self._text(self.high)}" if self.has_interval else UNDEFINED

    def _text(self, value: float | None) -> str:
        return UNDEFINED if value is None or not math.isfinite(value) else _WRITTEN[self.unit](value)


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures at the top of the page."""

    total_return: ReportFigure
    largest_drawdown: ReportFigure
    win_rate: ReportFigure
    profit_factor: ReportFigure
    net_per_trade: ReportFigure


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The judgement of a run that the page shows beside its rows.

    days: UTC days on which trades were closed, the sample of the intervals; fewest_days: fewer give none.
    trials: sets of settings that were scored on this market; None where nobody counts them.
    """

    days: int
    fewest_days: int
    headline: Headline
    figures: Sequence[ReportFigure]
    baselines: Sequence[ReportFigure]
    calibration: Sequence[CalibrationBin] = ()
    trials: int | None = None


def days_words(days: int) -> str:
    """A count of UTC days: "1 UTC day", "7 UTC days"."""
    return f"{days} UTC day" if days == 1 else f"{days} UTC days"
