"""`hydra why`: the chain of one minute, gate by gate."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from hydra.answers.distance_to_trigger import TriggerDistance
from hydra.answers.formatting import UNDEFINED, exact_text, label, minute_text, price_text, usd, with_unit
from hydra.answers.inputs_of_minute import with_inputs
from hydra.answers.styled_text import Part, styled
from hydra.answers.why import CountedHour, Explanation, PositionAnswer, explain
from hydra.answers.why_gates import GateAnswer, GateVerdict, InputReading, InputState, needed
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
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
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LARGEST_KEY, help="The run; default: the newest")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain for machines.")] = False,
) -> None:
    """Explain a minute gate by gate: inputs, rule, numbers, verdict and reason."""
    url = database_url(load_settings(), Role.READER)
    with connect(url) as connection:
        explanation = explain(connection, symbol, at, run)
        if isinstance(explanation, CountedHour):
            explanation = with_inputs(connection, url, explanation)
    if as_json:
        print_json(explanation.as_json())
    else:
        print_explanation(output_console(), explanation)


def print_explanation(console: Console, explanation: Explanation | CountedHour) -> None:
    """Print the answer; in colours on a terminal, plain elsewhere."""
    of_kind = counted_lines(explanation) if isinstance(explanation, CountedHour) else lines(explanation)
    for line in of_kind:
        print_line(console, line)


def _title(explanation: Explanation | CountedHour) -> Text:
    return styled(
        (explanation.symbol, "bold"),
        f" at {minute_text(explanation.time)} UTC, run {explanation.run_id} ({explanation.label})",
    )


def counted_lines(hour: CountedHour) -> Iterator[Text]:
    """What a backtest counted in the hour of a minute, line by line."""
    yield _title(hour)
    yield styled("The backtest stored no row for this minute: there was no signal and no change.")
    yield styled("Its hour, counted by layer:" if hour.counts else "Nothing was counted in its hour.")
    for one in hour.counts:
        code = ReasonCode(one["reason_code"])
        minutes = "1 minute" if one["verdicts"] == 1 else f"{one['verdicts']} minutes"
        yield styled(f"   - layer {one['layer']}, {minutes}: {WORDS[code]} [{code}]")
    if hour.inputs:
        yield styled("The inputs of the minute, read again:")
        yield from map(_input_line, hour.inputs)
    nearest = " and ".join(minute_text(time) for time in hour.nearest)
    rest = f"The nearest minutes with rows of this pair: {nearest}. " if nearest else ""
    yield styled((f"{rest}`hydra backtest --all-rows` keeps every minute.", "dim"))


def lines(explanation: Explanation) -> Iterator[Text]:
    """The chain, line by line."""
    yield _title(explanation)
    yield styled((explanation.conclusion, "bold"))
    if explanation.as_of is not None:
        yield _known(explanation)
    if explanation.code_version not in {None, code_version()}:
        words = (
            f"decided by code {explanation.code_version}; "
            f"the rules are shown as this code, {code_version()}, has them"
        )
        yield styled((words, "dim"))
    for number, answer in enumerate(explanation.gates, start=1):
        yield from _gate_lines(number, answer)
    if explanation.position is not None:
        yield from _position_lines(explanation.position)


def _known(explanation: Explanation) -> Text:
    newest = explanation.newest_known_at
    used = f"; the newest fact used became known {_clock(newest)}" if newest else ""
    return styled((f"decided on what was known at {_clock(explanation.as_of)} UTC{used}", "dim"))


def _clock(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%H:%M:%S}" if time else UNDEFINED


def _gate_lines(number: int, answer: GateAnswer) -> Iterator[Text]:
    code = f" [{answer.reason_code}]" if answer.reason_code else ""
    yield styled(f"{number}. {answer.gate}: ", (f"{answer.verdict}{code}", VERDICT_COLOURS[answer.verdict]))
    yield styled("   ", (f"rule: {answer.rule}", "dim"))
    for words in answer.words:
        yield styled(f"   {words}")
    yield from map(_input_line, answer.inputs)
    if answer.numbers:
        yield styled(f"   {_numbers(answer.numbers)}")
    yield from map(_distance_line, answer.distances)


def _input_line(reading: InputReading) -> Text:
    colour = INPUT_COLOURS.get(reading.state, "red")
    return styled(f"   - {reading.name.replace('_', ' ')}: ", (reading.words, colour))


def _numbers(numbers: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{label(name)}: {with_unit(name, value)}" for name, value in numbers.items() if value is not None
    )


def _distance_line(distance: TriggerDistance) -> Text:
    parts: list[Part] = [f"   - {distance.source} {distance.side}: "]
    for place, condition in enumerate(distance.conditions):
        name = condition.quantity
        value = with_unit(name, condition.value)
        parts.append(f"{'; ' if place else ''}{label(name)} {value}, {needed(condition)}: ")
        parts.append(("met", "green") if condition.is_met else ("not met", "red"))
    return styled(*parts)


def _position_lines(position: PositionAnswer) -> Iterator[Text]:
    row = position.columns
    until = f"{minute_text(row['closed_time'])} UTC" if row["closed_time"] else "now"
    yield styled(
        f"Position: {row['side']} {exact_text(row['peak_quantity'])} at {price_text(row['entry_price'])}, "
        f"from {minute_text(row['opened_time'])} to {until}, {row['state'].lower()}"
    )
    prices = ("stop_price", "target_price", "liquidation_price", "leverage")
    yield styled(f"   {_numbers({name: row[name] for name in prices})}")
    if row["exit_reason_code"]:
        code = ReasonCode(row["exit_reason_code"])
        yield styled(f"   closed: {WORDS[code]} [{code}]")
    yield styled(
        f"   gross {usd(row['gross_pnl_usd'])}, fees {usd(row['fees_usd'])}, "
        f"funding {usd(row['funding_usd'])}, net {usd(row['net_pnl_usd'])}"
    )
    yield from _check_lines(position)


def _check_lines(position: PositionAnswer) -> Iterator[Text]:
    check = position.last_check
    if check is None:
        yield styled("   exit checks: none recorded up to this minute")
        return
    demanded = check["reason_code"] not in {None, ReasonCode.NORMAL}
    verdict = WORDS[ReasonCode(check["reason_code"])] if demanded else "nothing asks for an exit"
    yield styled(f"   exit checks at {minute_text(check['time'])} UTC: {verdict}")
    if check["numbers"]:
        yield styled(f"   {_numbers(dict(sorted(check['numbers'].items())))}")
