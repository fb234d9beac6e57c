"""`hydra demo`: a day of a generated market through the five layers, its report, and three whys."""

from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from hydra.answers.examples import examples
from hydra.answers.report import read_report
from hydra.cli import db
from hydra.cli.output import output_console
from hydra.cli.report_tables import print_report
from hydra.cli.run import new_run, watch
from hydra.cli.why import print_explanation
from hydra.db.engine import connect, database_url
from hydra.domain import MarketOrigin, TradingMode
from hydra.runtime.run_market import GENERATED_START, MarketRequest
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.trading.runs import EndReason

_SEED: Final = 1
_TRADES_SHOWN: Final = 30


def command(
    hours: Annotated[float, typer.Option(help="How long the generated market lasts.", min=0.1)] = 24.0,
    seed: Annotated[int, typer.Option(help="Seed of the generated market.", min=0)] = _SEED,
) -> None:
    """Watch HYDRA trade a simulated day on paper, then ask why. Nothing leaves this machine."""
    db.up()
    settings, console = load_settings(), Console()
    end = GENERATED_START + timedelta(minutes=round(hours * 60))
    asked = MarketRequest(MarketOrigin.GENERATED, seed, (), GENERATED_START, end)
    run = new_run(settings, TradingMode.PAPER, asked, console)
    if watch(run, settings, Speed.parse("max"), console) is EndReason.FINISHED:
        _show(database_url(settings), run.run_id, output_console())


def _show(url: str, run_id: int, console: Console) -> None:
    with connect(url) as connection:
        print_report(console, read_report(connection, run_id), _TRADES_SHOWN)
        for kind, explanation in examples(connection, run_id):
            time = f"{explanation.time:%Y-%m-%dT%H:%M}"
            asked = f"hydra why {explanation.symbol} --at {time} --run {run_id}"
            console.print(f"\n[bold reverse] Why? {kind} [/bold reverse] {asked}", soft_wrap=True)
            print_explanation(console, explanation)
    console.print(f"\nAsk more: `hydra why PAIR --at HH:MM --run {run_id}`, `hydra audit`.", highlight=False)
