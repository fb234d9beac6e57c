"""The page of a run: everything is drawn and written here, and put into the template."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hydra.answers.formatting import percent
from hydra.answers.html_report import sections
from hydra.answers.html_report.bar_plots import histogram_plot, hour_plot
from hydra.answers.html_report.calibration_plot import calibration_plot
from hydra.answers.html_report.figures import Evaluation
from hydra.answers.html_report.pairs import pair_view
from hydra.answers.html_report.run_record import RunRecord
from hydra.answers.html_report.time_plots import drawdown_plot, equity_plot, exposure_plot
from hydra.answers.html_report.trades import by_hour, regime_name, source_name, source_words

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MOST_ROWS_A_PAIR: Final = 250


@cache
def _environment() -> Environment:
    """Everything that is no markup is escaped; a name that the template does not get is an error."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(record: RunRecord, evaluation: Evaluation) -> str:
    """The whole page as text: one HTML document that refers to nothing outside itself."""
    return _environment().get_template("page.html").render(**_context(record, evaluation))


def _context(record: RunRecord, evaluation: Evaluation) -> dict[str, Any]:
    report = record.report
    closed = [trade for trade in record.trades if trade.is_closed]
    return {
        "run": report.facts,
        "period": record.period,
        "tiles": sections.tiles(record, evaluation),
        "sentences": [*report.sentences, sections.sample_sentence(len(closed), evaluation)],
        "kills": report.kills,
        "facts": sections.facts(record, evaluation),
        "changed_settings": record.changed_settings,
        "equity": equity_plot(record.equity, _kills(record)),
        "drawdown": drawdown_plot(record.equity),
        "exposure": exposure_plot(record.equity),
        "largest_heat": percent(report.equity.max_portfolio_heat),
        "figures": evaluation.figures,
        "baselines": evaluation.baselines,
        "pairs": [pair_view(pair, _MOST_ROWS_A_PAIR) for pair in record.pairs],
        "funnel": list(sections.funnel_gates(report.funnel)),
        "generators": report.generators,
        "splits": [
            ("By generator", "generator", sections.split_rows(closed, source_name)),
            ("By pair", "pair", sections.split_rows(closed, lambda trade: trade.base)),
            ("By regime at the signal", "regime", sections.split_rows(closed, regime_name)),
        ],
        "hours": hour_plot(by_hour(closed)),
        "closed_trades": len(closed),
        "costs": sections.cost_rows(record),
        "signed": sections.signed,
        "percent": percent,
        "source_words": source_words,
        "outcomes_usd": histogram_plot(
            "outcomes-usd", "Trades by net result, USDT", "USDT", [float(trade.net_usd) for trade in closed]
        ),
        "outcomes_r": histogram_plot(
            "outcomes-r", "Trades by net result in R", "R", [trade.r_multiple for trade in closed]
        ),
        "calibration": calibration_plot(evaluation.calibration),
        "calibration_bins": evaluation.calibration,
    }


def _kills(record: RunRecord) -> list[tuple[datetime, str]]:
    return [
        (kill["latched_time"], f"{kill['base'] or kill['scope']}: {kill['cause']}")
        for kill in record.report.kills
    ]
