"""The report of a run on a terminal of 80 columns or more; no digit and no word is cut."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hydra.answers.figures import FigureTable, ReportFigure
from hydra.answers.formatting import UNDEFINED, fixed, minute_text, percent, price_text, words_of_code
from hydra.answers.report import RunReport
from hydra.answers.run_choice import Row
from hydra.answers.run_facts import fact_list, kill_sentences
from hydra.answers.run_overrides import Override
from hydra.answers.styled_text import stacked, styled
from hydra.answers.trade_groups import SPLITS, TradeGroup
from hydra.answers.why_gates import GateVerdict
from hydra.cli.output import open_table

_ONE_LINE_A_TRADE: Final = 110
"""Columns from which a trade fits on one line."""

_SHOWN_SPLITS: Final = ("generator", "pair", "side", "exit_reason", "month")


def print_report(console: Console, report: RunReport, trades: int) -> None:
    """Print the report with its newest `trades` trades; in colours on a terminal, plain elsewhere."""
    for line in _head(report):
        console.print(line)
    console.print(
        _overrides(report.overrides) if report.overrides else "Made with the default settings and rules."
    )
    for figures in report.figures:
        if figures.figures:
            console.print(_figures(figures))
    console.print(_costs(report))
    for key in _SHOWN_SPLITS:
        if report.groups[key]:
            console.print(_groups(SPLITS[key].title, report.groups[key]))
    if report.trades:
        console.print(_trades(report.trades, trades, is_wide=console.width >= _ONE_LINE_A_TRADE))
    console.print(_generators(report))
    console.print(_funnel(report))
    for sentence in kill_sentences(report.kills):
        console.print(styled(("Kill switch", "red"), f" {sentence}"))
    for sentence in report.sentences:
        console.print(styled(sentence))


def _head(report: RunReport) -> Iterator[Text]:
    facts = report.facts
    yield styled(
        (f"Run {facts['run_id']}: {facts['mode']} on a ", "bold"),
        (f"{facts['label']}", "bold reverse"),
        (" market", "bold"),
        f" ({facts['end_reason'] or 'not ended'})",
    )
    yield styled(("; ".join(f"{name}: {value}" for name, value in fact_list(facts)[3:]), "dim"))


def _overrides(overrides: Sequence[Override]) -> Table:
    table = open_table(("", "name", "this run", "default"), (), "Not the defaults")
    for one in overrides:
        table.add_row(one.kind, one.name, one.value, one.default)
    return table


def _figures(figures: FigureTable) -> Table:
    table = open_table(("", "value", "95 % interval, remarks"), (), figures.title)
    for figure in figures.figures:
        table.add_row(figure.name, figure.value_text, _remarks(figure))
    return table


def _remarks(figure: ReportFigure) -> str:
    interval = figure.interval_text if figure.has_interval else ""
    return "; ".join(part for part in (interval, figure.remark) if part)


def _costs(report: RunReport) -> Table:
    table = open_table(("", "", "USDT"), (), "Closed trades, from price profit to net")
    table.columns[2].justify = "right"
    for step in report.costs:
        style = "bold" if step.is_sum else None
        table.add_row(step.name, step.remark, fixed(step.amount_usd, signed=True), style=style)
    return table


def _groups(title: str, groups: Sequence[TradeGroup]) -> Table:
    numbers = ("trades", "win rate", "gross, USDT", "net, USDT")
    table = open_table(("",), numbers, f"Closed trades by {title}")
    for group in groups:
        rate = percent(group.win_rate, 1)
        table.add_row(group.name, f"{group.trades:,}", rate, fixed(group.gross_usd), fixed(group.net_usd))
    return table


def _trades(trades: Sequence[Row], wanted: int, *, is_wide: bool) -> Table:
    listed = trades[-wanted:] if wanted else []
    title = "Trades" if len(listed) == len(trades) else f"The newest {len(listed)} of {len(trades)} trades"
    pairs = (("pair", "side"), ("opened", "closed"), ("entry", "exit price"))
    (one, two), (three, four), (five, six) = pairs
    if is_wide:
        table = open_table((one, two, "generator", three, four, "exit"), (five, six, "net, USDT"), title)
    else:
        headings = (stacked(one, two), "generator", stacked(three, four), "exit")
        table = open_table(headings, (stacked(five, six), "net, USDT"), title)
    for trade in listed:
        table.add_row(*_trade_cells(trade, is_wide=is_wide))
    return table


def _trade_cells(trade: Row, *, is_wide: bool) -> list[str | Text]:
    """The cells of a trade; on a narrow terminal two values share a cell."""
    is_closed = trade["closed_time"] is not None
    base, side = trade["base"], trade["side"]
    opened = minute_text(trade["opened_time"])
    closed = minute_text(trade["closed_time"]) if is_closed else "open"
    entry = price_text(trade["entry_price"])
    leave = price_text(trade["exit_price"]) if is_closed else UNDEFINED
    generator, reason = words_of_code(trade["source"]), words_of_code(trade["exit_reason_code"])
    net = fixed(trade["net_pnl_usd"])
    if is_wide:
        return [base, side, generator, opened, closed, reason, entry, leave, net]
    return [stacked(base, side), generator, stacked(opened, closed), reason, stacked(entry, leave), net]


def _generators(report: RunReport) -> Table:
    """One column per generator: the counts are wide, and there are more outcomes than generators."""
    table = open_table(("",), (), "How often each generator fired, in pair-minutes")
    for count in report.generators:
        table.add_column(words_of_code(count.source), justify="right")
    for name, words in (
        ("seen", "seen"), ("too_weak", "too weak"), ("without_cascade", "no cascade"),
        ("outranked", "outranked"), ("stopped_by_news", "by news"), ("restricted", "restricted"),
        ("vetoed", "vetoed"), ("approved", "approved"),
    ):  # fmt: skip
        table.add_row(words, *(f"{getattr(count, name):,}" for count in report.generators))
    return table


_ANSWER_COLOURS: Final = {
    GateVerdict.PASSED: "green",
    GateVerdict.RESTRICTED: "yellow",
    GateVerdict.STOPPED: "red",
}


def _funnel(report: RunReport) -> Table:
    table = open_table(("gate", "answer", "reason", "in words"), ("verdicts",), "The funnel of vetoes")
    gate = ""
    for step in report.funnel:
        colour = _ANSWER_COLOURS[step.answer]
        name, gate = ("" if step.gate == gate else step.gate), step.gate
        answer = styled((step.answer, colour))
        table.add_row(name, answer, step.code, step.words, f"{step.verdicts:,}")
    return table
