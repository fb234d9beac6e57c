"""`hydra check`: is the past what it was, and does nothing know the future?"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hydra.backtest.market import BacktestMarket, read_market
from hydra.checks.check_instants import sample_rows
from hydra.checks.decision_lookahead import (
    decision_lookahead,
    decisions_with_signals,
    feature_lookahead,
    outcome_lookahead,
    play_by,
    simulate_by,
)
from hydra.checks.mismatches import CheckResult
from hydra.checks.parity import MOST_SHOWN, Difference, TableParity, check_parity
from hydra.checks.warm_up import EARLIER_DAYS, beginning_at, decision_warm_up, feature_warm_up
from hydra.cli.check_market import CheckedMarket, CheckRequest, choose_market
from hydra.cli.check_tables import print_changes, print_tallies
from hydra.cli.market_options import FromOption, MarketOption, PairsOption, SeedOption, ToOption
from hydra.cli.output import output_console
from hydra.db.engine import connect, database_url
from hydra.domain import MarketOrigin
from hydra.research.outcomes import approved_trades
from hydra.settings import load_settings
from hydra.trading.runs import read_run

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Checks of trust: parity, look-ahead, warm-up."
)

RunOption = Annotated[
    int | None, typer.Option("--run", help="Check on the market and by the rules of a run.")
]
SamplesOption = Annotated[int, typer.Option(min=1, help="How many minutes features are checked at.")]
SampleSeedOption = Annotated[int, typer.Option(help="Another number takes other minutes.")]

_PORTFOLIO: Final = (
    "Layers 2 and 3 are compared with those of a backtest that begins a day earlier. Its portfolio may hold "
    "something already when the range begins, so layer 4 and the trades may differ: they are not compared."
)
_NOTHING_EARLIER: Final = (
    "No earlier minute is stored: layers 2 and 3 of an earlier beginning are not compared."
)


@app.command()
def lookahead(  # noqa: PLR0913, PLR0917  # one parameter an option
    run_id: RunOption = None,
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    seed: SeedOption = None,
    pairs: PairsOption = "",
    samples: SamplesOption = 24,
    paths: Annotated[
        int, typer.Option(min=1, help="How many minutes whole simulations are compared up to.")
    ] = 6,
    sample_seed: SampleSeedOption = 0,
) -> None:
    """Compute everything again with what was not known yet cut off or changed; status 1 if anything moves."""
    console = Console(stderr=True)
    chosen = choose_market(CheckRequest(run_id, market, start, end, seed, pairs), console)
    tallies = lookahead_tallies(chosen, samples, paths, sample_seed, console)
    _report(chosen, tallies)


@app.command()
def warmup(  # noqa: PLR0913, PLR0917  # one parameter an option
    run_id: RunOption = None,
    market: MarketOption = MarketOrigin.RECORDED,
    start: FromOption = None,
    end: ToOption = None,
    seed: SeedOption = None,
    pairs: PairsOption = "",
    samples: SamplesOption = 24,
    sample_seed: SampleSeedOption = 0,
) -> None:
    """Compute features and verdicts again from facts that begin elsewhere; status 1 if they differ."""
    chosen = choose_market(CheckRequest(run_id, market, start, end, seed, pairs), Console(stderr=True))
    run = simulate_by(chosen.rules)
    longer = _read(chosen, chosen.start - timedelta(days=max(EARLIER_DAYS)))
    whole = run(beginning_at(longer, chosen.start))
    rows = sample_rows(whole, samples, sample_seed)
    features = feature_warm_up(longer, [decisions_with_signals(whole, row) for row in rows])
    tallies = list(features.tallies.values())
    day_before = beginning_at(longer, chosen.start - timedelta(days=1))
    has_earlier = len(day_before.minutes) > len(whole.prepared.market.minutes)
    if has_earlier:
        tallies.append(decision_warm_up(day_before, chosen.start, run))
    console = output_console()
    print_changes(console, features.changed())
    console.print(_PORTFOLIO if has_earlier else _NOTHING_EARLIER, highlight=False, soft_wrap=True)
    _report(chosen, tallies)


@app.command()
def parity(
    run_id: Annotated[int, typer.Option("--run", help="The run to decide again.", show_default=False)],
) -> None:
    """Decide a past run again and compare it, row by row, with what was recorded; status 1 if they differ."""
    url = database_url(load_settings())
    with (
        connect(url, autocommit=True) as connection,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("deciding again", total=1.0)
        tables = check_parity(
            connection, url, read_run(connection, run_id), lambda share: bar.update(task, completed=share)
        )
    print_parity(output_console(), tables)
    if any(table.differences for table in tables):
        raise typer.Exit(1)


def lookahead_tallies(
    chosen: CheckedMarket, samples: int, paths: int, sample_seed: int, console: Console
) -> list[CheckResult]:
    """Features at `samples` minutes, simulations up to `paths` of them, and outcomes of as many trades."""
    market, run = _read(chosen, chosen.start), simulate_by(chosen.rules)
    whole = run(market)
    trades = approved_trades(whole)
    few = trades[:: max(1, len(trades) // paths)][:paths]
    both_sides = [side for trade in few for side in (trade, trade.opposite)]
    with Progress(console=console, transient=True) as bar:
        tasks = [bar.add_task(what, total=1.0) for what in ("features", "decisions", "outcomes")]
        return [
            *feature_lookahead(
                whole,
                sample_rows(whole, samples, sample_seed),
                progress=lambda share: bar.update(tasks[0], completed=share),
            ),
            *decision_lookahead(
                market,
                sample_rows(whole, paths, sample_seed),
                run,
                whole,
                progress=lambda share: bar.update(tasks[1], completed=share),
            ),
            *outcome_lookahead(
                market,
                both_sides,
                play_by(chosen.rules),
                progress=lambda share: bar.update(tasks[2], completed=share),
            ),
        ]


def _read(chosen: CheckedMarket, start: datetime) -> BacktestMarket:
    with closing(connect(chosen.url, autocommit=True)) as connection:
        return read_market(connection, chosen.url, chosen.instrument_ids, start, chosen.end)


def _report(chosen: CheckedMarket, tallies: list[CheckResult]) -> None:
    console = output_console()
    print_tallies(console, tallies)
    found = sum(one.offences for one in tallies)
    place = f"on {chosen.title}, {chosen.start:%Y-%m-%d %H:%M} to {chosen.end:%Y-%m-%d %H:%M} UTC"
    verdict = f"[red]{found:,} offences[/red]" if found else "[green]no offence[/green]"
    compared = sum(one.compared for one in tallies)
    console.print(f"{verdict} among {compared:,} values {place}", highlight=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)


def print_parity(console: Console, tables: list[TableParity]) -> None:
    """How many rows of each table were compared and differ, and the first of the differences."""
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for column in ("table", "rows compared", "differences"):
        shown.add_column(column, justify="left" if column == "table" else "right")
    for table in tables:
        colour = "red" if table.differences else "green"
        shown.add_row(table.table, f"{table.compared:,}", f"[{colour}]{len(table.differences):,}[/{colour}]")
    console.print(shown)
    for one in [one for table in tables for one in table.differences][:MOST_SHOWN]:
        place = ", ".join(str(part) for part in one.key)
        console.print(f"{one.table} ({place}): {_words(one)}", highlight=False, soft_wrap=True, markup=False)


def _words(one: Difference) -> str:
    if one.column is not None:
        return f"{one.column} was {one.recorded}, is {one.recomputed}"
    return "was not recorded" if one.recorded is None else "is recorded but does not come again"
