"""The figures of a run with their intervals and samples: one list for the terminal, the page and JSON.

Source: docs/practice.md (honest reporting); C31, C83, C104.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from hydra.answers.deflated_sharpe import Luck
from hydra.answers.formatting import UNDEFINED, counted, duration, fixed, percent, usd
from hydra.answers.performance import Baselines, Performance, TradeResults
from hydra.durations import DAY_SECONDS
from hydra.ledger.baselines import ALWAYS_FLAT_NET_USD, RandomSide
from hydra.ledger.bootstrap import FEWEST_DAYS, Estimate
from hydra.ledger.daily_returns import FEWEST_DAILY_RETURNS, FEWEST_ELAPSED_DAYS
from hydra.ledger.metrics import Drawdown

_SMALL_SAMPLE: Final = f"needs {FEWEST_ELAPSED_DAYS} elapsed days and {FEWEST_DAILY_RETURNS} daily returns"
"""Why a figure of daily returns is not shown (C134)."""


class Unit(StrEnum):
    """How a figure is written."""

    NUMBER = "number"
    COUNT = "count"
    FRACTION = "fraction"
    USD = "usd"
    SECONDS = "seconds"
    RISK = "R"


_WRITTEN: Final[Mapping[Unit, Callable[[float], str]]] = {
    Unit.NUMBER: fixed,
    Unit.COUNT: lambda value: fixed(value, 0),
    Unit.FRACTION: percent,
    Unit.USD: usd,
    Unit.SECONDS: duration,
    Unit.RISK: lambda value: f"{fixed(value)} R",
}


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """One figure: a value with its 95 % interval, the size of its sample, and a remark.

    key: its name for programs. None is undefined and is shown as "-"; the remark then says why.
    """

    key: str
    name: str
    value: float | None
    unit: Unit
    low: float | None = None
    high: float | None = None
    n: int | None = None
    remark: str = ""

    @property
    def value_text(self) -> str:
        """The value with its unit."""
        return self._text(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether at least one end is known."""
        return self.low is not None or self.high is not None

    @property
    def interval_text(self) -> str:
        """Both ends of the interval; "-" where there is none."""
        return f"{self._text(self.low)} to {self._text(self.high)}" if self.has_interval else UNDEFINED

    def _text(self, value: float | None) -> str:
        return UNDEFINED if value is None or not math.isfinite(value) else _WRITTEN[self.unit](value)


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A titled group of figures."""

    title: str
    figures: Sequence[ReportFigure]


@dataclass(frozen=True, slots=True)
class EquitySummary:
    """Equity of the run, USDT; the fall within a day as a fraction (C31). None where no cycle was booked."""

    minutes: int
    start_usd: Decimal | None
    end_usd: Decimal | None
    unrealised_usd: Decimal | None
    max_daily_drawdown: Decimal | None
    max_exposure_usd: Decimal | None
    max_portfolio_heat: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Inputs of the figures. performance: None where no cycle was booked; luck: None if no trial."""

    equity: EquitySummary
    performance: Performance | None
    trade_results: TradeResults
    baselines: Baselines
    luck: Luck | None
    closed_trades: int
    open_trades: int

    @property
    def coin(self) -> tuple[RandomSide | None, str]:
        """The baseline of random sides, and how the other side of a trade was found."""
        if self.luck is not None and self.luck.random_side is not None:
            return self.luck.random_side, "the other side played by the same barriers"
        return self.baselines.random_side, "the other side closed at the same instant"


def figure_tables(measured: Measured) -> list[FigureTable]:
    """All figures of a run: the result, the trades, the daily returns, and the baselines."""
    performance = measured.performance
    daily = [] if performance is None else _daily_returns(performance, measured.luck)
    return [
        FigureTable("Result, net of all costs", _result(measured)),
        FigureTable("Closed trades", _trades(measured)),
        FigureTable("By daily UTC returns, a year of 365 days, risk-free rate 0", daily),
        FigureTable("Without any skill, net", _baselines(measured)),
    ]


def _result(measured: Measured) -> list[ReportFigure]:
    equity, performance = measured.equity, measured.performance
    intraday = performance.max_drawdown_intraday if performance else None
    closes = performance.max_drawdown_daily_close if performance else None
    figures = [
        _amount("start_equity_usd", "equity at the start", equity.start_usd),
        _amount("end_equity_usd", "equity at the end", equity.end_usd, _open_words(measured)),
        _plain("total_return", "return", performance.total_return if performance else None, Unit.FRACTION),
        _fall("max_drawdown_intraday", "largest drawdown from the peak", intraday),
        _fall("max_drawdown_daily_close", "largest drawdown of the daily closes", closes),
        _plain(
            "max_daily_drawdown",
            "largest drawdown within a UTC day",
            equity.max_daily_drawdown,
            Unit.FRACTION,
        ),
        _amount("max_exposure_usd", "largest exposure", equity.max_exposure_usd, "resting entries included"),
        _plain(
            "max_portfolio_heat",
            "largest heat",
            equity.max_portfolio_heat,
            Unit.FRACTION,
            "what all stops would lose",
        ),
    ]
    return figures if performance is None else [*figures, *_activity(performance)]


def _open_words(measured: Measured) -> str:
    if not measured.open_trades:
        return ""
    return f"{measured.open_trades} open, {usd(measured.equity.unrealised_usd)} unrealised"


def _activity(performance: Performance) -> list[ReportFigure]:
    yearly = performance.turnover_annualised_365
    return [
        _plain(
            "exposure_time_share", "time with an open position",
            performance.exposure_time_share, Unit.FRACTION,
        ),
        _plain(
            "exposure_notional_to_equity", "average exposure over equity",
            performance.exposure_notional_to_equity, Unit.FRACTION, "resting entries included",
        ),
        _plain(
            "turnover", "turnover of the equity, times", performance.turnover, Unit.NUMBER,
            "" if yearly is None else f"{fixed(yearly, 1)} times a year",
        ),
    ]  # fmt: skip


def _trades(measured: Measured) -> list[ReportFigure]:
    results = measured.trade_results
    days = counted(results.days, "UTC day")
    is_short = results.days < FEWEST_DAYS
    remark = f"no interval: trades on {days}, needs {FEWEST_DAYS}" if is_short else ""

    def estimated(key: str, name: str, estimate: Estimate, unit: Unit, undefined: str = "") -> ReportFigure:
        bounds = (estimate.low, estimate.high)
        why = undefined if measured.closed_trades else "no trade was closed"
        words = why if estimate.value is None else remark
        return ReportFigure(key, name, estimate.value, unit, *bounds, measured.closed_trades, words)

    return [
        _plain("closed_trades", "closed trades", measured.closed_trades, Unit.COUNT, f"closed on {days}"),
        estimated("win_rate", "win rate", results.win_rate, Unit.FRACTION),
        estimated("profit_factor", "profit factor", results.profit_factor, Unit.NUMBER, "no trade lost"),
        estimated("expectancy_usd", "net per trade", results.expectancy_usd, Unit.USD),
        estimated(
            "payoff_ratio", "average win over average loss", results.payoff_ratio, Unit.NUMBER,
            "it takes a won and a lost trade",
        ),
        estimated(
            "expectancy_r", "net per trade in units of its risk", Estimate(results.expectancy_r), Unit.RISK,
            "a trade has no stop on the losing side of its entry",
        ),
    ]  # fmt: skip


def _daily_returns(performance: Performance, luck: Luck | None) -> list[ReportFigure]:
    def estimated(
        key: str, name: str, estimate: Estimate, undefined: str, unit: Unit = Unit.NUMBER
    ) -> ReportFigure:
        why = undefined if performance.allows_ratios else _SMALL_SAMPLE
        remark = why if estimate.value is None else ""
        bounds = (estimate.low, estimate.high)
        return ReportFigure(key, name, estimate.value, unit, *bounds, performance.days, remark)

    return [
        _plain("days", "daily returns", performance.days, Unit.COUNT, _sample_words(performance)),
        estimated(
            "annualised_return_compounded_365", "return a year, compounded",
            performance.annualised_return_compounded_365, "", Unit.FRACTION,
        ),
        estimated("sharpe_daily_365", "Sharpe ratio", performance.sharpe_daily_365, "returns do not vary"),
        estimated("sortino_daily_365", "Sortino ratio", performance.sortino_daily_365, "no day lost"),
        estimated("calmar_daily_365", "Calmar ratio", performance.calmar_daily_365, "no drawdown"),
        estimated("omega_daily_0", "Omega ratio", performance.omega_daily_0, "no day lost"),
        *_probabilities(performance, luck),
    ]  # fmt: skip


def _probabilities(performance: Performance, luck: Luck | None) -> list[ReportFigure]:
    needed = performance.minimum_track_record_days
    seconds = None if needed is None else needed * DAY_SECONDS
    small = "" if performance.allows_ratios else _SMALL_SAMPLE
    figures = [
        _plain(
            "probabilistic_sharpe", "probability that the true Sharpe ratio is above 0",
            performance.probabilistic_sharpe, Unit.FRACTION, small, performance.days,
        ),
        _plain(
            "minimum_track_record", "length of record that shows this with 95 % confidence",
            seconds, Unit.SECONDS, small or ("" if needed else "the Sharpe ratio is not above 0"),
        ),
    ]  # fmt: skip
    if luck is not None:
        trials = f"deflated Sharpe ratio over {counted(luck.trials, 'trial')}"
        remark = f"{trials}; {small}" if luck.deflated is None and small else trials
        name = "probability that it is above the luck of the best trial"
        figures.insert(1, _plain("deflated_sharpe", name, luck.deflated, Unit.FRACTION, remark, luck.trials))
    return figures


def _sample_words(performance: Performance) -> str:
    """How many of the days are not whole, and how many are missing."""
    words = []
    if performance.partial_days:
        words.append(f"{performance.partial_days} not whole")
    if performance.missing_days:
        words.append(f"{performance.missing_days} in between without a cycle")
    return ", ".join(words)


def _baselines(measured: Measured) -> list[ReportFigure]:
    held, pairs = measured.baselines.buy_and_hold, measured.baselines.held_pairs
    share = "" if held is None else f"{percent(held.total_return)}; "
    what = f"{share}{counted(pairs, 'pair')} in equal parts, unlevered, all costs in"
    coin, how = measured.coin
    if coin is None:
        side = _plain("random_side", "random side", None, Unit.USD, "there is no closed trade")
    else:
        remark = f"{how}; the run did better than {percent(coin.rank, 1)} of the draws"
        side = ReportFigure(
            "random_side",
            "random side",
            coin.mean_usd,
            Unit.USD,
            coin.low_usd,
            coin.high_usd,
            coin.trades,
            remark,
        )
    return [
        _plain("always_flat", "always flat", ALWAYS_FLAT_NET_USD, Unit.USD, "no trade, no risk"),
        _plain("buy_and_hold", "buy and hold", None if held is None else held.net_usd, Unit.USD, what, pairs),
        side,
    ]


def _plain(
    key: str, name: str, value: float | Decimal | None, unit: Unit, remark: str = "", n: int | None = None
) -> ReportFigure:
    return ReportFigure(key, name, None if value is None else float(value), unit, n=n, remark=remark)


def _amount(key: str, name: str, value: Decimal | None, remark: str = "") -> ReportFigure:
    return _plain(key, name, value, Unit.USD, remark)


def _fall(key: str, name: str, drawdown: Drawdown | None) -> ReportFigure:
    if drawdown is None or not drawdown.fraction:
        return _plain(key, name, drawdown.fraction if drawdown else None, Unit.FRACTION)
    end = "regained" if drawdown.is_recovered else "not regained"
    return _plain(
        key, name, drawdown.fraction, Unit.FRACTION, f"{duration(drawdown.length.total_seconds())}, {end}"
    )
