"""The report of a run as a person reads it: undefined figures are "-", never 0."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hydra.answers.formatting import UNDEFINED, percent, usd
from hydra.answers.report import Group, RunReport
from hydra.answers.run_choice import Row
from hydra.answers.why_gates import GateVerdict
from hydra.cli.report_figures import figure_tables, plain_table
from hydra.domain import ReasonCode
from hydra.reason_words import WORDS


def print_report(console: Console, report: RunReport, trades: int) -> None:
    """Print the report with its newest `trades` trades; in colours on a terminal, plain elsewhere."""
    for line in _head(report):
        console.print(line, soft_wrap=True, highlight=False)
    for table in figure_tables(report):
        console.print(table)
    console.print(_costs(report))
    for title, groups in (("by generator", report.by_source), ("by pair", report.by_pair)):
        if groups:
            console.print(_groups(title, groups))
    if report.trades:
        console.print(_trades(report.trades, trades))
    console.print(_generators(report))
    console.print(_funnel(report))
    for line in _tail(report):
        console.print(line, soft_wrap=True, highlight=False)


def _head(report: RunReport) -> Iterator[str]:
    facts = report.facts
    yield (
        f"[bold]Run {facts['run_id']}: {facts['mode']} on a [reverse] {facts['label']} [/reverse] market"
        f"[/bold] ({escape(facts['end_reason'] or 'not ended')})"
    )
    yield (
        f"{_minute(facts['first_minute'])} to {_minute(facts['last_minute'])} UTC, "
        f"{facts['closed_minutes']:,} minutes decided, {facts['skipped_minutes']:,} skipped; "
        f"pairs: {', '.join(facts['pairs']) or UNDEFINED}"
    )
    seed = UNDEFINED if facts["seed"] is None else facts["seed"]
    yield (
        f"[dim]seed {seed}, code {facts['code_version']}, readings {facts['readings_hash']}, "
        f"{facts['feature_set_version']}, cost model {facts['cost_model_version']}, "
        f"declared feeds: {', '.join(facts['feeds']) or 'none'}[/dim]"
    )


def _minute(time: object) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else UNDEFINED


def _costs(report: RunReport) -> Table:
    costs = report.costs
    table = plain_table("Costs of the closed trades", ("",), ("amount",))
    table.add_row("price profit at the decisions' prices", usd(costs.at_decision_prices_usd))
    table.add_row("spread (model; negative: earned by resting orders)", usd(costs.spread_usd))
    table.add_row("slippage", usd(costs.slippage_usd))
    table.add_row("gross", usd(costs.gross_usd))
    table.add_row("maker fees", usd(costs.maker_fees_usd))
    table.add_row("taker fees", usd(costs.taker_fees_usd))
    table.add_row("funding (positive: received)", usd(costs.funding_usd))
    table.add_row("[bold]net[/bold]", f"[bold]{usd(costs.net_usd)}[/bold]")
    return table


def _groups(title: str, groups: Sequence[Group]) -> Table:
    table = plain_table(f"Closed trades {title}", ("",), ("trades", "win rate", "gross", "net"))
    for group in groups:
        rate = percent(group.win_rate.value, 1)
        table.add_row(group.name, str(group.trades), rate, usd(group.gross_usd), usd(group.net_usd))
    return table


def _trades(trades: Sequence[Row], wanted: int) -> Table:
    listed = trades[-wanted:] if wanted else []
    title = "Trades" if len(listed) == len(trades) else f"The newest {len(listed)} of {len(trades)} trades"
    table = plain_table(
        title, ("pair", "side", "generator", "opened", "closed", "exit"), ("entry", "exit price", "net")
    )
    for trade in listed:
        table.add_row(
            trade["base"], trade["side"], _spaced(trade["source"]), f"{trade['opened_time']:%m-%d %H:%M}",
            f"{trade['closed_time']:%m-%d %H:%M}" if trade["closed_time"] else "open",
            _spaced(trade["exit_reason_code"]), f"{trade['entry_price']:.6g}",
            f"{trade['exit_price']:.6g}" if trade["exit_price"] is not None else UNDEFINED,
            f"{trade['net_pnl_usd']:,.2f}",
        )  # fmt: skip
    return table


def _spaced(code: str | None) -> str:
    """A code that a narrow table can break between its words."""
    return code.replace("_", " ") if code else UNDEFINED


def _generators(report: RunReport) -> Table:
    headings = ("seen", "too weak", "outranked", "by news", "restricted", "vetoed", "approved")
    table = plain_table("How often each generator could have fired (pair-minutes)", ("generator",), headings)
    for count in report.generators:
        table.add_row(
            count.source, f"{count.seen:,}", f"{count.too_weak:,}", f"{count.outranked:,}",
            f"{count.stopped_by_news:,}", f"{count.restricted:,}", f"{count.vetoed:,}", f"{count.approved:,}",
        )  # fmt: skip
    return table


_ANSWER_COLOURS: Final = {
    GateVerdict.PASSED: "green",
    GateVerdict.RESTRICTED: "yellow",
    GateVerdict.STOPPED: "red",
}


def _funnel(report: RunReport) -> Table:
    table = plain_table("The funnel of vetoes", ("gate", "answer", "reason", "in words"), ("verdicts",))
    gate = ""
    for step in report.funnel:
        colour = _ANSWER_COLOURS[step.answer]
        answer = f"[{colour}]{step.answer}[/{colour}]"
        shown_gate, gate = ("" if step.gate == gate else step.gate), step.gate
        table.add_row(
            shown_gate, answer, *_reason(step.reason_code, passed=step.passed), f"{step.verdicts:,}"
        )
    return table


def _reason(code: ReasonCode | None, *, passed: bool) -> tuple[str, str]:
    if code is None:
        return UNDEFINED, "the entry was filled" if passed else "the entry is not filled"
    return code, WORDS[code]


def _tail(report: RunReport) -> Iterator[str]:
    for kill in report.kills:
        cleared = f"cleared {_minute(kill['cleared_time'])}" if kill["cleared_time"] else "still latched"
        subject = f"{_minute(kill['latched_time'])}, {kill['base'] or kill['scope']}"
        yield f"[red]Kill switch[/red] {subject}: {escape(kill['cause'])}; {cleared}"
    for sentence in report.sentences:
        yield escape(sentence)
