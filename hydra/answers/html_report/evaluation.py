"""The judgement of a run that its page shows: the one place in which its figures are gathered."""

import numpy as np

from hydra.answers.formatting import duration
from hydra.answers.html_report.figures import Evaluation, Headline, ReportFigure, Unit, days_words
from hydra.answers.html_report.run_record import RunRecord
from hydra.answers.performance import Performance
from hydra.answers.report import RunReport
from hydra.durations import DAY_SECONDS
from hydra.ledger.baselines import ALWAYS_FLAT_NET_USD
from hydra.ledger.bootstrap import FEWEST_DAYS, FEWEST_RETURN_DAYS, Estimate
from hydra.ledger.calibration import calibration
from hydra.ledger.metrics import Drawdown


def evaluate(record: RunRecord) -> Evaluation:
    """What the page says about a run beside its rows."""
    report = record.report
    headline = _headline(report)
    closed = [trade for trade in record.trades if trade.is_closed and trade.confidence is not None]
    confidence = np.array([trade.confidence for trade in closed], np.float64)
    won = np.array([trade.net_usd > 0 for trade in closed], np.bool_)
    return Evaluation(
        days=report.trade_results.days,
        fewest_days=FEWEST_DAYS,
        headline=headline,
        figures=[*_of_trades(report, headline), *_of_days(report)],
        baselines=_baselines(report),
        calibration=calibration(confidence, won).bins,
        trials=report.luck.trials if report.luck is not None else None,
    )


def _headline(report: RunReport) -> Headline:
    results, performance = report.trade_results, report.performance
    fall = performance.max_drawdown_intraday if performance else None
    return Headline(
        ReportFigure(
            "Return",
            performance.total_return if performance else None,
            Unit.FRACTION,
            note="first to last minute",
        ),
        _fall("Largest drawdown", fall, "from the peak of equity"),
        _trade_figure("Win rate", results.win_rate, Unit.FRACTION, report),
        _trade_figure("Profit factor", results.profit_factor, Unit.NUMBER, report),
        _trade_figure("Net per trade", results.expectancy_usd, Unit.USD, report),
    )


def _of_trades(report: RunReport, headline: Headline) -> list[ReportFigure]:
    equity, results, closed = report.equity, report.trade_results, len(report.closed_trades)
    within_a_day = equity.max_daily_drawdown
    return [
        headline.total_return,
        headline.largest_drawdown,
        ReportFigure(
            "Largest drawdown within a day",
            None if within_a_day is None else float(within_a_day),
            Unit.FRACTION,
            note="UTC days",
        ),
        headline.win_rate,
        headline.profit_factor,
        headline.net_per_trade,
        _trade_figure("Average win over average loss", results.payoff_ratio, Unit.NUMBER, report),
        ReportFigure("Net per trade in units of its risk", results.expectancy_r, Unit.NUMBER, n=closed),
        ReportFigure("Closed trades", closed, Unit.COUNT, note=f"on {days_words(results.days)}"),
        ReportFigure(
            "Largest exposure",
            None if equity.max_exposure_usd is None else float(equity.max_exposure_usd),
            Unit.USD,
            note="entries included",
        ),
        ReportFigure(
            "Largest heat",
            equity.max_portfolio_heat,
            Unit.FRACTION,
            note="what all stops would lose",
        ),
    ]


def _of_days(report: RunReport) -> list[ReportFigure]:
    performance = report.performance
    if performance is None:
        return []
    needed = performance.minimum_track_record_days
    return [
        _fall("Largest drawdown of daily closes", performance.max_drawdown_daily_close, "UTC closes"),
        _day_figure(
            "Return a year, compounded",
            performance.annualised_return_compounded_365,
            Unit.FRACTION,
            performance,
        ),
        _day_figure("Sharpe ratio", performance.sharpe_daily_365, Unit.NUMBER, performance),
        _day_figure("Sortino ratio", performance.sortino_daily_365, Unit.NUMBER, performance),
        _day_figure("Calmar ratio", performance.calmar_daily_365, Unit.NUMBER, performance),
        _day_figure("Omega ratio", performance.omega_daily_0, Unit.NUMBER, performance),
        ReportFigure(
            "Probability that the true Sharpe ratio is above 0",
            performance.probabilistic_sharpe,
            Unit.FRACTION,
            n=performance.days,
        ),
        *_luck(report),
        ReportFigure(
            "Length of record that would show that",
            None if needed is None else needed * DAY_SECONDS,
            Unit.SECONDS,
            note="with 95 % confidence",
        ),
        ReportFigure(
            "Time with an open position", performance.exposure_time_share, Unit.FRACTION, n=performance.days
        ),
        ReportFigure("Turnover of the equity", performance.turnover, Unit.NUMBER, note="times, over the run"),
    ]


def _luck(report: RunReport) -> list[ReportFigure]:
    luck = report.luck
    if luck is None:
        return []
    name = "Probability that it is above the luck of the best trial"
    note = f"deflated Sharpe ratio; {luck.trials:,} trials on this market"
    return [ReportFigure(name, luck.deflated, Unit.FRACTION, n=luck.trials, note=note)]


def _baselines(report: RunReport) -> list[ReportFigure]:
    held, (coin, how) = report.baselines.buy_and_hold, report.coin
    pairs = report.baselines.held_pairs
    found = [
        ReportFigure("Always flat", ALWAYS_FLAT_NET_USD, Unit.USD, note="no trade, no risk"),
        ReportFigure(
            "Buy and hold",
            held.net_usd if held is not None else None,
            Unit.USD,
            n=pairs,
            note=f"{pairs} pairs in equal parts, unlevered, all costs in",
        ),
    ]
    if coin is not None:
        note = f"better than {coin.rank:.1%} of the coins; {how}"
        found.append(
            ReportFigure(
                "Random side", coin.mean_usd, Unit.USD, coin.low_usd, coin.high_usd, coin.trades, note
            )
        )
    return found


def _fall(name: str, drawdown: Drawdown | None, note: str) -> ReportFigure:
    if drawdown is None:
        return ReportFigure(name, None, Unit.FRACTION, note=note)
    end = "regained" if drawdown.is_recovered else "not regained"
    words = f"{note}; {duration(drawdown.length.total_seconds())}, {end}" if drawdown.fraction else note
    return ReportFigure(name, drawdown.fraction, Unit.FRACTION, note=words)


def _trade_figure(name: str, estimate: Estimate, unit: Unit, report: RunReport) -> ReportFigure:
    days, closed = report.trade_results.days, len(report.closed_trades)
    note = "interval by drawing whole days"
    if days < FEWEST_DAYS:
        note = f"no interval: {days_words(days)} with trades, {FEWEST_DAYS} needed"
    return ReportFigure(name, estimate.value, unit, estimate.low, estimate.high, closed, note)


def _day_figure(name: str, estimate: Estimate, unit: Unit, performance: Performance) -> ReportFigure:
    note = "interval by drawing blocks of days"
    if performance.days < FEWEST_RETURN_DAYS:
        note = f"no interval: {days_words(performance.days)}, {FEWEST_RETURN_DAYS} needed"
    return ReportFigure(name, estimate.value, unit, estimate.low, estimate.high, performance.days, note)
