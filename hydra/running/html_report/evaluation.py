"""The judgement of a run that its page shows: the one place in which its figures are gathered."""

from decimal import Decimal

from hydra.ledger.trade_statistics import FEWEST_DAYS, Estimate
from hydra.running.html_report.confidence_bins import confidence_bins
from hydra.running.html_report.figures import Evaluation, Headline, ReportFigure, Unit, days_words
from hydra.running.html_report.run_record import RunRecord
from hydra.running.report import RunReport


def evaluate(record: RunRecord) -> Evaluation:
    """What the page says about a run beside its rows."""
    report = record.report
    headline = _headline(report)
    flat = ReportFigure("Always flat", 0.0, Unit.FRACTION, note="no trade: earns nothing, risks nothing")
    closed = [trade for trade in record.trades if trade.is_closed]
    known = [(trade.confidence, trade.net_usd > 0) for trade in closed if trade.confidence is not None]
    return Evaluation(
        days=report.days,
        fewest_days=FEWEST_DAYS,
        headline=headline,
        figures=_figures(report, headline),
        baselines=[flat],
        calibration=confidence_bins(known),
    )


def _headline(report: RunReport) -> Headline:
    equity = report.equity
    return Headline(
        ReportFigure("Return", _float(equity.total_return), Unit.FRACTION, note="first to last minute"),
        ReportFigure(
            "Largest drawdown", _float(equity.max_drawdown), Unit.FRACTION, note="from the peak of equity"
        ),
        _estimated("Win rate", report.win_rate, Unit.FRACTION, report),
        _estimated("Profit factor", report.profit_factor, Unit.NUMBER, report),
        _estimated("Net per trade", report.net_per_trade, Unit.USD, report),
    )


def _figures(report: RunReport, headline: Headline) -> list[ReportFigure]:
    equity, closed = report.equity, len(report.closed_trades)
    within_a_day = _float(equity.max_daily_drawdown)
    heat = equity.max_portfolio_heat
    return [
        headline.total_return,
        headline.largest_drawdown,
        ReportFigure("Largest drawdown within a day", within_a_day, Unit.FRACTION, note="UTC days"),
        headline.win_rate,
        headline.profit_factor,
        headline.net_per_trade,
        ReportFigure("Closed trades", closed, Unit.COUNT, note=f"on {days_words(report.days)}"),
        ReportFigure("Largest exposure", _float(equity.max_exposure_usd), Unit.USD, note="entries included"),
        ReportFigure("Largest heat", heat, Unit.FRACTION, note="what all stops together would lose"),
    ]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _estimated(name: str, estimate: Estimate, unit: Unit, report: RunReport) -> ReportFigure:
    note = "interval by drawing whole days"
    if report.days < FEWEST_DAYS:
        note = f"no interval: {days_words(report.days)} with trades, {FEWEST_DAYS} needed"
    return ReportFigure(
        name, estimate.value, unit, estimate.low, estimate.high, len(report.closed_trades), note
    )
