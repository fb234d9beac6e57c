"""The report of a training in the terminal."""

from typing import Final

from rich.console import Console

from hydra.answers.formatting import minute_text, percent
from hydra.answers.html_report.training_page import interval_text, number_text
from hydra.cli.output import open_table, print_line
from hydra.models.report import TrainingReport
from hydra.registry.gates import failed_gates

_MOST_FEATURES: Final = 8


def print_training(console: Console, report: TrainingReport) -> None:
    """Data, folds, figures beside baseline and challenger, gates, and one sentence."""
    _print_data(console, report)
    _print_folds(console, report)
    _print_figures(console, report)
    _print_baselines(console, report)
    _print_reliability(console, report)
    _print_deciles(console, report)
    moved = ", ".join(f"{name} {value:.3f}" for name, value in report.importances[:_MOST_FEATURES])
    print_line(console, f"What moves the score most (mean size, log odds): {moved}")
    for gate in report.gates:
        print_line(console, f"{'passed' if gate.is_passed else 'FAILED'}  {gate.words}")
    for words in failed_gates(tuple(report.gates)):
        if words.endswith("was not judged"):
            print_line(console, f"FAILED  {words}")
    print_line(console, report.sentence)


def _print_data(console: Console, report: TrainingReport) -> None:
    (begin, end), (vault_from, vault_to) = report.trained, report.vault
    print_line(
        console,
        f"{report.model}: label {report.label}, {report.trees} trees, sha256 {report.sha256[:12]}; trained "
        f"on {minute_text(begin)} to {minute_text(end)} UTC",
    )
    print_line(
        console,
        f"The vault, {minute_text(vault_from)} to {minute_text(vault_to)} UTC with {report.rows_in_vault:,} "
        "rows, was not opened",
    )
    shares = ", ".join(
        f"{name} {count:,} ({count / max(1, report.rows):.1%})" for name, count in report.classes.items()
    )
    print_line(
        console,
        f"{report.rows:,} rows of {report.decisions:,} decisions, worth {report.effective_rows:,.1f} "
        f"independent ones: {shares}",
    )
    if report.is_forced:
        print_line(console, f"FORCED, and marked so: {'; '.join(report.shortfalls)}")


def _print_folds(console: Console, report: TrainingReport) -> None:
    table = open_table(("fold",), ("rows trained", "rows tested", "trees"), title="Walk-forward")
    for fold in report.folds:
        tested = "-" if fold.left_out else f"{fold.tested:,}"
        table.add_row(
            str(fold.number + 1), f"{fold.trained:,}", tested, "-" if fold.left_out else str(fold.trees)
        )
    console.print(table)


def _print_figures(console: Console, report: TrainingReport) -> None:
    names = list(dict.fromkeys(name for figures in report.figures.values() for name in figures))
    table = open_table(("out of fold",), tuple(report.figures))
    for name in names:
        table.add_row(
            name.replace("_", " "), *(number_text(figures.get(name)) for figures in report.figures.values())
        )
    console.print(table)


def _print_baselines(console: Console, report: TrainingReport) -> None:
    if not report.baselines:
        return
    table = open_table(("trades taken by",), ("trades", "net bps a trade", "95 % interval"))
    for one in report.baselines:
        net_bps = number_text(one.net_bps.value, ".1f")
        table.add_row(one.name, f"{one.trades:,}", net_bps, interval_text(one.net_bps))
    console.print(table)


def _print_reliability(console: Console, report: TrainingReport) -> None:
    if not report.reliability:
        return
    table = open_table(("said, mean of a tenth",), ("rows", "came true", "95 % interval"))
    for one in report.reliability:
        interval = f"{percent(one.low, 1)} to {percent(one.high, 1)}"
        table.add_row(percent(one.mean_confidence, 1), f"{one.trades:,}", percent(one.win_share, 1), interval)
    console.print(table)


def _print_deciles(console: Console, report: TrainingReport) -> None:
    if not report.deciles:
        return
    words = report.result
    title = f"Every judged row by its score: {words.meaning}"
    table = open_table(("score",), ("rows", words.true, words.amount, "95 % interval"), title=title)
    for one in report.deciles:
        table.add_row(
            f"{one.lowest:.3f} to {one.highest:.3f}",
            f"{one.rows:,}",
            percent(one.true_share, 1),
            number_text(one.amount_bps.value, ".1f"),
            interval_text(one.amount_bps),
        )
    console.print(table)
