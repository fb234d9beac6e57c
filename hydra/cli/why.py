"""`hydra why`: the chain of one minute, gate by gate."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from hydra.answers.distance_to_trigger import TriggerDistance
from hydra.answers.formatting import UNDEFINED, exact_text, label, minute_text, price_text, usd, with_unit
from hydra.answers.why import CountedHour, Explanation, PositionAnswer, explain
from hydra.answers.why_gates import GateAnswer, GateVerdict, InputState, needed
from hydra.cli.output import output_console, print_line
from hydra.db.engine import connect, database_url
from hydra.domain import ReasonCode
from hydra.reason_words import WORDS
from hydra.settings import load_settings
from hydra.trading.versions import code_version

VERDICT_COLOURS = {
    GateVerdict.PASSED: "green",
    GateVerdict.RESTRICTED: "yellow",
    GateVerdict.STOPPED: "red",
    GateVerdict.NO_VIEW: "dim",
    GateVerdict.NOT_REACHED: "dim",
    GateVerdict.PENDING: "cyan",
}
INPUT_COLOURS = {InputState.OK: "green", InputState.NOT_RECORDED: "dim"}


def command(
    symbol: Annotated[str, typer.Argument(help="A pair: BTC, BTCUSDT, BTC/USDT ...", show_default=False)],
    at: Annotated[
        str | None, typer.Option("--at", help="ISO instant or HH:MM, UTC; default: the newest")
    ] = None,
    run: Annotated[int | None, typer.Option("--run", help="The run; default: the newest")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain for machines.")] = False,
) -> None:
    """Explain a minute gate by gate: inputs, rule, numbers, verdict and reason."""
    with connect(database_url(load_settings())) as connection:
        explanation = explain(connection, symbol, at, run)
    if as_json:
        typer.echo(json.dumps(explanation.as_json(), indent=2))
    else:
        print_explanation(output_console(), explanation)


def print_explanation(console: Console, explanation: Explanation | CountedHour) -> None:
    """Print the answer; in colours on a terminal, plain elsewhere."""
    of_kind = counted_lines(explanation) if isinstance(explanation, CountedHour) else lines(explanation)
    for line in of_kind:
        print_line(console, line)


def _title(explanation: Explanation | CountedHour) -> str:
    return (
        f"[bold]{explanation.symbol}[/bold] at {minute_text(explanation.time)} UTC, "
        f"run {explanation.run_id} ({explanation.label})"
    )


def counted_lines(hour: CountedHour) -> Iterator[str]:
    """What a backtest counted in the hour of a minute, as lines of rich markup."""
    yield _title(hour)
    yield "The backtest stored no row for this minute: there was no signal and no change."
    yield "Its hour, counted by layer:" if hour.counts else "Nothing was counted in its hour."
    for one in hour.counts:
        code = ReasonCode(one["reason_code"])
        minutes = "1 minute" if one["verdicts"] == 1 else f"{one['verdicts']} minutes"
        yield f"   - layer {one['layer']}, {minutes}: {WORDS[code]} \\[{code}]"
    nearest = " and ".join(minute_text(time) for time in hour.nearest)
    rest = f"The nearest minutes with rows of this pair: {nearest}. " if nearest else ""
    yield f"[dim]{rest}`hydra backtest --all-rows` keeps every minute.[/dim]"


def lines(explanation: Explanation) -> Iterator[str]:
    """The chain as lines of rich markup."""
    yield _title(explanation)
    yield f"[bold]{escape(explanation.conclusion)}[/bold]"
    if explanation.as_of is not None:
        yield _known(explanation)
    if explanation.code_version not in {None, code_version()}:
        yield (
            f"[dim]decided by code {escape(str(explanation.code_version))}; "
            f"the rules are shown as this code, {code_version()}, has them[/dim]"
        )
    for number, answer in enumerate(explanation.gates, start=1):
        yield from _gate_lines(number, answer)
    if explanation.position is not None:
        yield from _position_lines(explanation.position)


def _known(explanation: Explanation) -> str:
    newest = explanation.newest_known_at
    used = f"; the newest fact used became known {_clock(newest)}" if newest else ""
    return f"[dim]decided on what was known at {_clock(explanation.as_of)} UTC{used}[/dim]"


def _clock(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%H:%M:%S}" if time else UNDEFINED


def _gate_lines(number: int, answer: GateAnswer) -> Iterator[str]:
    colour = VERDICT_COLOURS[answer.verdict]
    code = f" [{answer.reason_code}]" if answer.reason_code else ""
    yield f"{number}. {answer.gate}: [{colour}]{answer.verdict}{escape(code)}[/{colour}]"
    yield f"   [dim]rule: {answer.rule}[/dim]"
    for words in answer.words:
        yield f"   {escape(words)}"
    for reading in answer.inputs:
        shade = INPUT_COLOURS.get(reading.state, "red")
        yield f"   - {reading.name.replace('_', ' ')}: [{shade}]{escape(reading.words)}[/{shade}]"
    if answer.numbers:
        yield f"   {_numbers(answer.numbers)}"
    for distance in answer.distances:
        yield f"   - {_distance(distance)}"


def _numbers(numbers: Mapping[str, Any]) -> str:
    return escape(
        "; ".join(
            f"{label(name)}: {with_unit(name, value)}" for name, value in numbers.items() if value is not None
        )
    )


def _distance(distance: TriggerDistance) -> str:
    parts = []
    for condition in distance.conditions:
        name = condition.quantity
        mark = "[green]met[/green]" if condition.is_met else "[red]not met[/red]"
        parts.append(f"{label(name)} {with_unit(name, condition.value)}, {needed(condition)}: {mark}")
    return f"{distance.source} {distance.side}: {'; '.join(parts)}"


def _position_lines(position: PositionAnswer) -> Iterator[str]:
    row = position.columns
    until = f"{minute_text(row['closed_time'])} UTC" if row["closed_time"] else "now"
    yield (
        f"Position: {row['side']} {exact_text(row['peak_quantity'])} at {price_text(row['entry_price'])}, "
        + (f"from {minute_text(row['opened_time'])} to {until}, {row['state'].lower()}")
    )
    prices = ("stop_price", "target_price", "liquidation_price", "leverage")
    yield f"   {_numbers({name: row[name] for name in prices})}"
    if row["exit_reason_code"]:
        yield f"   closed: {WORDS[ReasonCode(row['exit_reason_code'])]} [{row['exit_reason_code']}]".replace(
            "[", "\\["
        )
    yield (
        f"   gross {usd(row['gross_pnl_usd'])}, fees {usd(row['fees_usd'])}, "
        f"funding {usd(row['funding_usd'])}, net {usd(row['net_pnl_usd'])}"
    )
    yield from _check_lines(position)


def _check_lines(position: PositionAnswer) -> Iterator[str]:
    check = position.last_check
    if check is None:
        yield "   exit checks: none recorded up to this minute"
        return
    demanded = check["reason_code"] not in {None, ReasonCode.NORMAL}
    verdict = WORDS[ReasonCode(check["reason_code"])] if demanded else "nothing asks for an exit"
    yield f"   exit checks at {minute_text(check['time'])} UTC: {escape(verdict)}"
    if check["numbers"]:
        yield f"   {_numbers(dict(sorted(check['numbers'].items())))}"
