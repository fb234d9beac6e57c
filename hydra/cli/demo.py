"""`hydra demo`: some hours of a simulated exchange through the five layers, their report, and three whys."""

import shutil
from datetime import timedelta
from itertools import count
from typing import Annotated, Final

import typer
from rich.console import Console

from hydra.answers.examples import examples
from hydra.answers.formatting import minute_text
from hydra.answers.report import read_report
from hydra.answers.styled_text import styled
from hydra.bounds import LARGEST_SEED
from hydra.cli import db
from hydra.cli.exchange_run import new_exchange_run
from hydra.cli.output import TextConsole, output_console, print_line
from hydra.cli.report_tables import print_report
from hydra.cli.run import in_mode, watch
from hydra.cli.why import print_explanation
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import TradingMode
from hydra.runtime.exchange_market import SIMULATED, ExchangeRequest
from hydra.runtime.run_market import GENERATED_START
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.trading.runs import EndReason

MOST_DEMO_HOURS: Final = 168.0
_SEED: Final = 7
_TRADES_SHOWN: Final = 30
ACTIVATE: Final = ". .venv/bin/activate"
"""What puts the command `hydra` on the PATH of a terminal."""


def command(
    hours: Annotated[
        float,
        typer.Option(help="How long the simulated exchange is listened to.", min=0.1, max=MOST_DEMO_HOURS),
    ] = 3.0,
    seed: Annotated[
        int | None,
        typer.Option(
            help=f"Seed of its market. [default: {_SEED}, or the next that was not heard yet]",
            min=0,
            max=LARGEST_SEED,
        ),
    ] = None,
) -> None:
    """Watch HYDRA trade some hours of a simulated exchange on paper, then ask why.

    The market arrives over REST and WebSocket, as from a real exchange. Nothing leaves this machine.
    """
    db.up()
    # Not the exchange of somebody else, nor the one that the settings name.
    settings = in_mode(load_settings(), TradingMode.PAPER).model_copy(update={"exchange_url": None})
    console = TextConsole()
    chosen = _unheard(database_url(settings, Role.READER)) if seed is None else seed
    end = GENERATED_START + timedelta(minutes=round(hours * 60) + 1)
    serving = ("--market", "generated", "--seed", str(chosen), "--from", f"{GENERATED_START:%Y-%m-%dT%H:%M}")
    asked = ExchangeRequest(SIMULATED, (), (*serving, "--to", f"{end:%Y-%m-%dT%H:%M}"), Speed(None))
    with new_exchange_run(settings, asked, end, console) as (run, market):
        reason = watch(run, settings, console, market)
    if reason is EndReason.FINISHED:
        _show(database_url(settings, Role.READER), run.run_id, output_console())


def _unheard(url: str) -> int:
    """The first seed from _SEED on to whose market no run has listened: a market is heard once."""
    with connect(url) as connection:
        heard = {row[0] for row in connection.execute(queries.load("stages/seeds_heard"))}
    return next(seed for seed in count(_SEED) if seed not in heard)


def _show(url: str, run_id: int, console: Console) -> None:
    with connect(url) as connection:
        print_report(console, read_report(connection, run_id), _TRADES_SHOWN)
        for kind, explanation in examples(connection, run_id):
            time = minute_text(explanation.time).replace(" ", "T")
            asked = f"hydra why {explanation.symbol} --at {time} --run {run_id}"
            console.print()
            print_line(console, styled((f"Why? {kind}", "bold reverse"), f" {asked}"))
            print_explanation(console, explanation)
    if shutil.which("hydra") is None:
        console.print()
        print_line(console, f"In each new terminal, first: {ACTIVATE}")
    console.print()
    print_line(console, f"Ask more: `hydra why BTC --at 08:22 --run {run_id}`, `hydra status`, `hydra -h`.")
