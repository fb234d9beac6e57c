"""The page of a run: one HTML file with its style, its script and the plot library in it."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from markupsafe import Markup

from hydra.answers.formatting import fixed, percent, words_of_code
from hydra.answers.funnel import FunnelGate, FunnelStep, funnel_gates
from hydra.answers.html_report import row_bars
from hydra.answers.html_report.plot_data import OPENING_TRADES, PlotData, packed, read_plot_data
from hydra.answers.html_report.rendering import render, write_page
from hydra.answers.report import RunReport, read_report
from hydra.answers.run_choice import Row
from hydra.answers.run_facts import fact_list, kill_sentences
from hydra.answers.trade_groups import SPLITS
from hydra.answers.trade_table import r_multiple
from hydra.answers.why_gates import GateVerdict
from hydra.ledger.calibration import CalibrationBin, calibration

_HERE: Final = Path(__file__).parent
_LIBRARY: Final = _HERE / "library" / "lightweight-charts.standalone.production.js"
_TILES: Final = (
    "total_return", "max_drawdown_intraday", "closed_trades", "win_rate", "profit_factor",
    "exposure_time_share",
)  # fmt: skip
_ANSWER_KINDS: Final = {
    GateVerdict.PASSED: "gain",
    GateVerdict.RESTRICTED: "restricted",
    GateVerdict.STOPPED: "loss",
}


def write_html_report(connection: psycopg.Connection, run_id: int, path: Path) -> None:
    """Write the report of a run, finished or not, as one self-contained HTML page to `path`.

    Raises:
        StopError: there is no such run, or the file cannot be written.
    """
    report = read_report(connection, run_id)
    write_page(page(report, read_plot_data(connection, report)), path)


def page(report: RunReport, data: PlotData) -> str:
    """The whole page as text."""
    return render("page.html", _context(report, data))


def _context(report: RunReport, data: PlotData) -> dict[str, Any]:
    closed = report.closed_trades
    bins = confidence_bins(closed)
    return {
        "report": report,
        "run": report.facts,
        "facts": fact_list(report.facts),
        "kill_sentences": kill_sentences(report.kills),
        "tiles": [figure for key in _TILES if (figure := report.figure(key))],
        "net": report.cost("net_usd").amount_usd,
        "has_equity": data.has_equity,
        "pairs": list(data.pairs),
        "opening_trades": OPENING_TRADES,
        "packed": packed(report, data),
        "library": Markup(_LIBRARY.read_text(encoding="utf-8")),  # noqa: S704  # part of this package
        "splits": [
            (SPLITS[key].title, groups, row_bars.signed_bars([group.net_usd for group in groups]))
            for key, groups in report.groups.items()
        ],
        "gates": [
            (gate, [_funnel_bar(step, gate) for step in gate.steps]) for gate in funnel_gates(report.funnel)
        ],
        "cost_bars": row_bars.waterfall(report.costs),
        "bins": [(group, row_bars.interval_bar(group)) for group in bins],
        "outcomes": [_outcomes("USDT", [float(trade["net_pnl_usd"]) for trade in closed]),
                     _outcomes("R", [value for trade in closed if (value := r_multiple(trade)) is not None])],
        "edge": lambda value: f"{value:+,.6g}" if value else "0",
        "fixed": fixed,
        "percent": percent,
        "words_of_code": words_of_code,
    }  # fmt: skip


def _funnel_bar(step: FunnelStep, gate: FunnelGate) -> row_bars.RowBar:
    return row_bars.share_bar(step.verdicts, gate.verdicts, _ANSWER_KINDS[step.answer])


def confidence_bins(closed: list[Row]) -> list[CalibrationBin]:
    """How often trades won, by the confidence of their signals."""
    known = [trade for trade in closed if trade["confidence"] is not None]
    confidence = np.array([trade["confidence"] for trade in known], np.float64)
    won = np.array([trade["net_pnl_usd"] > 0 for trade in known], np.bool_)
    return list(calibration(confidence, won).bins)


def _outcomes(
    unit: str, values: list[float]
) -> tuple[str, list[tuple[row_bars.HistogramBin, row_bars.RowBar]]]:
    """The distribution of results in one unit: its bins, each with its bar."""
    bins = row_bars.histogram(values)
    most = max((one.count for one in bins), default=1)
    kinds = ["gain" if one.high > 0 else "loss" for one in bins]
    return unit, [
        (one, row_bars.share_bar(one.count, most, kind)) for one, kind in zip(bins, kinds, strict=True)
    ]
