"""The report of a training as one HTML page without a script.

Source: docs/practice.md, "Reporting".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.answers.formatting import UNDEFINED, minute_text, percent
from hydra.answers.html_report import row_bars
from hydra.answers.html_report.rendering import render, write_page
from hydra.ledger.bootstrap import Estimate
from hydra.models.report import TrainingReport
from hydra.registry.gates import GATES


class _Tile(NamedTuple):
    name: str
    value: str
    note: str


def write_training_report(report: TrainingReport, path: Path) -> None:
    """Write the report of a training to `path`.

    Raises:
        StopError: the file cannot be written.
    """
    write_page(training_page(report), path)


def training_page(report: TrainingReport) -> str:
    """The whole page as text."""
    return render("training.html", _context(report))


def _context(report: TrainingReport) -> dict[str, Any]:
    names = list(dict.fromkeys(name for figures in report.figures.values() for name in figures))
    judged = {gate.gate for gate in report.gates}
    return {
        "report": report,
        "tiles": _tiles(report),
        "facts": _facts(report),
        "figure_names": names,
        "gates_not_judged": [name for name in GATES if name not in judged],
        "reliability": [(one, row_bars.interval_bar(one)) for one in report.reliability],
        "deciles": list(
            zip(report.deciles, _interval_bars([one.amount_bps for one in report.deciles]), strict=True)
        ),
        "baselines": list(
            zip(report.baselines, _interval_bars([one.net_bps for one in report.baselines]), strict=True)
        ),
        "importances": _importances(report),
        "number": number_text,
        "interval": interval_text,
        "percent": percent,
    }


def _tiles(report: TrainingReport) -> list[_Tile]:
    first = next(iter(report.figures.values()), {})
    passed = sum(gate.is_passed for gate in report.gates)
    tiles = [
        _Tile("gates passed", f"{passed} of {len(GATES)}", "all are needed to publish"),
        _Tile("rows", f"{report.rows:,}", f"of {report.decisions:,} decisions"),
        _Tile("independent rows", f"{report.effective_rows:,.1f}", "overlapping labels count once"),
    ]
    tiles += [
        _Tile(name.replace("_", " "), number_text(first[name]), "out of fold")
        for name in ("model_auc", "model_brier_skill", "model_calibration_error", "model_log_loss")
        if name in first
    ]
    return tiles


def _facts(report: TrainingReport) -> list[tuple[str, str]]:
    (begin, end), (vault_from, vault_to) = report.trained, report.vault
    return [
        ("model", report.model),
        ("label", report.label),
        ("trained on", f"{minute_text(begin)} to {minute_text(end)} UTC"),
        ("vault, not opened", f"{minute_text(vault_from)} to {minute_text(vault_to)} UTC"),
        ("rows in the vault", f"{report.rows_in_vault:,}"),
        ("trees", f"{report.trees:,}"),
        ("sha256", report.sha256),
        ("trials counted on this market", f"{report.trials:,}"),
        *(
            (f"rows of the class {name}", _share(count, report.rows))
            for name, count in report.classes.items()
        ),
        *((f"seconds: {name}", f"{seconds:.1f}") for name, seconds in report.seconds.items()),
    ]


def _share(count: int, rows: int) -> str:
    return f"{count:,} ({count / max(1, rows):.1%})"


def _interval_bars(found: Sequence[Estimate]) -> list[row_bars.RowBar]:
    """A bar over each interval, or from zero to a value without one; all on one scale, the mark at zero."""
    spans = [
        (one.low, one.high) if one.low is not None and one.high is not None else (0.0, one.value or 0.0)
        for one in found
    ]
    kinds = ["gain" if low > 0 else "loss" if high < 0 else "interval" for low, high in spans]
    return row_bars.row_bars(spans, kinds)


def _importances(report: TrainingReport) -> list[tuple[str, float, row_bars.RowBar]]:
    spans = [(0.0, value) for _, value in report.importances]
    bars = row_bars.row_bars(spans, ["interval"] * len(spans))
    return [(name, value, bar) for (name, value), bar in zip(report.importances, bars, strict=True)]


def number_text(value: float | None, digits: str = ",.4g") -> str:
    """A figure, or the sign of an undefined one."""
    return UNDEFINED if value is None else format(value, digits)


def interval_text(found: Estimate) -> str:
    """The 95 % interval of a result in basis points."""
    if found.low is None or found.high is None:
        return UNDEFINED
    return f"{found.low:+.1f} to {found.high:+.1f}"
