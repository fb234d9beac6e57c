"""What `hydra adopt` and `hydra flatten` share: show what stands, ask, store it, tell what came of it."""

import json
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import psycopg

from hydra.answers.formatting import minute_text
from hydra.cli.operator_name import operator_name
from hydra.cli.output import ask, error_console, output_console, print_line
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import RequestVerb
from hydra.errors import StopError
from hydra.settings import load_settings
from hydra.trading.exchange_trades import QUOTE
from hydra.trading.kill_by_hand import refuse_without_reason
from hydra.trading.operator_requests import AdoptedExits, add_request, answer_of
from hydra.trading.runs import Run, find_instrument, read_run, supervised_runs

PATIENCE_S: Final = 90.0
"""A process that trades compares at least every minute."""

_LOOK_EVERY_S: Final = 0.2


@dataclass(frozen=True)
class AskedFor:
    """A request before it is stored. will: what HYDRA will do; next_steps: what the operator can do then."""

    verb: RequestVerb
    symbol: str
    exits: AdoptedExits | None
    reason: str
    will: str
    next_steps: str


def request(asked: AskedFor, run_id: int | None, *, yes: bool) -> None:
    """Ask an operator, store the request, and wait for what comes of it.

    Exit status 1: it was refused, or nobody has answered yet.

    Raises:
        StopError: the reason is blank, no run or several trade at an exchange, or the pair is unknown.
        typer.Abort: the operator said no.
    """
    refuse_without_reason(asked.reason)
    with connect(database_url(load_settings(), Role.WORKER), autocommit=True) as connection:
        run = _run(connection, run_id)
        symbol, instrument_id = _pair(connection, run, asked)
        for line in _standing(connection, run, symbol):
            print_line(error_console(), line)
        print_line(error_console(), asked.will.format(symbol=symbol, run=f"run {run.run_id} ({run.mode})"))
        if not yes:
            ask(f"{asked.verb.capitalize()} {symbol}?")
        said = (operator_name(), asked.reason)
        number = add_request(connection, run.run_id, asked.verb, (symbol, instrument_id), asked.exits, said)
        _tell(connection, run, number, asked.next_steps.format(symbol=symbol, run=run.run_id))


def price_of(text: str | None, option: str) -> Decimal | None:
    """The price that an option names; None: it was left out.

    Raises:
        StopError: it is no price.
    """
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal(0)
    if not price.is_finite() or price <= 0:
        raise StopError(f"{option} {text}: write a price above 0, such as 61250.5")
    return price


def _run(connection: psycopg.Connection, run_id: int | None) -> Run:
    going_on = [row[0] for row in connection.execute(queries.load("stages/runs_at_exchanges"))]
    if run_id is not None:
        if run_id not in going_on:
            raise StopError(
                f"run {run_id} does not trade at an exchange: `hydra runs list` names those that do"
            )
        return read_run(connection, run_id)
    if len(going_on) == 1:
        return read_run(connection, going_on[0])
    if not going_on:
        raise StopError("no run trades at an exchange now: close it at the exchange itself")
    named = ", ".join(map(str, going_on))
    raise StopError(f"runs {named} trade at an exchange: choose one with --run")


def _pair(connection: psycopg.Connection, run: Run, asked: AskedFor) -> tuple[str, int | None]:
    """The exchange's name of the pair, and its number if the run trades it."""
    name = asked.symbol.strip().upper()
    if name == QUOTE and asked.verb is RequestVerb.ADOPT:
        return QUOTE, None
    instrument_id = find_instrument(connection, run, name)
    if instrument_id is not None:
        row = connection.execute(queries.load("stages/name_at_exchange"), {"instrument_id": instrument_id})
        return str(row.fetchone()[0]), instrument_id  # type: ignore[index]  # it was found above
    if asked.verb is RequestVerb.ADOPT or not name.isalnum():
        raise StopError(f"run {run.run_id} does not trade {name}: only a pair of the run can be taken over")
    return name, None


def _standing(connection: psycopg.Connection, run: Run, symbol: str) -> list[str]:
    """What tables and exchange say differently about the pair, a line each."""
    values = {"run_id": run.run_id, "symbol": symbol}
    rows = connection.execute(queries.load("stages/standing_differences"), values).fetchall()
    if not rows:
        return [f"Run {run.run_id}: tables and exchange said the same about {symbol} in the last comparison."]
    return [
        f"{symbol}, {kind.lower().replace('_', ' ')}{f' {subject}' if subject else ''} since "
        f"{minute_text(since)} UTC: the tables say {_words(ours)}, the exchange says {_words(theirs)}."
        for kind, subject, ours, theirs, since in rows
    ]


def _words(said: str | None) -> str:
    if said is None:
        return "nothing"
    found = json.loads(said, parse_float=str, parse_int=str)
    return ", ".join(f"{name} {value}" for name, value in found.items() if value is not None)


def _tell(connection: psycopg.Connection, run: Run, number: int, next_steps: str) -> None:
    """Wait for the process that trades, and say what came of it."""
    if run.run_id not in supervised_runs(connection):
        raise StopError(
            f"no process trades run {run.run_id}: the request waits, and is carried out when "
            f"`hydra run --resume {run.run_id}` goes on with it"
        )
    until = time.monotonic() + PATIENCE_S
    while (answer := answer_of(connection, number)) is None:
        if time.monotonic() > until:
            raise StopError(
                f"the process that trades run {run.run_id} has not answered for {PATIENCE_S:.0f} s: the "
                "request waits; `hydra status` shows the run"
            )
        time.sleep(_LOOK_EVERY_S)
    if not answer.is_done:
        raise StopError(f"not done: {answer.words}")
    for line in (f"Run {run.run_id}: {answer.words}.", next_steps):
        print_line(output_console(), line)
