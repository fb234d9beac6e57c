"""`hydra check`: parity, look-ahead and warm-up of a run or market; the fills of two runs."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from hydra.answers.styled_text import styled
from hydra.backtest.market import BacktestMarket, read_market
from hydra.backtest.news import with_news_of_run
from hydra.bounds import LARGEST_KEY, LARGEST_SEED
from hydra.checks.check_instants import sample_rows
from hydra.checks.comparer import CheckResult
from hydra.checks.decision_lookahead import (
    decision_lookahead,
    decisions_with_signals,
    feature_lookahead,
    outcome_lookahead,
    play_by,
    simulate_by,
)
from hydra.checks.impossible_known_at import impossible_known_at
from hydra.checks.parity import check_parity
from hydra.checks.run_fills import compare_runs
from hydra.checks.warm_up import EARLIER_DAYS, beginning_at, decision_warm_up, feature_warm_up
from hydra.cli.check_market import CheckedMarket, CheckRequest, checked_market
from hydra.cli.check_tables import parity_as_json, print_changes, print_parity, print_results, results_as_json
from hydra.cli.fill_tables import compared_runs_as_json, print_compared_runs
from hydra.cli.market_options import FromOption, MarketOption, PairsOption, SeedOption, ToOption
from hydra.cli.output import error_console, output_console, print_json, print_line, progress_bar
from hydra.db.engine import adbc_connect, connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.features.evaluate import Evaluate
from hydra.features.universe_numbers import read_universe_numbers, under_universe_numbers
from hydra.research.outcomes import approved_trades
from hydra.settings import load_settings
from hydra.trading.runs import read_run

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Checks of trust: parity, look-ahead, warm-up."
)

MOST_SAMPLES: Final = 1_000_000

RunOption = Annotated[
    int | None,
    typer.Option("--run", min=1, max=LARGEST_KEY, help="Check on the market and by the rules of a run."),
]
SamplesOption = Annotated[
    int, typer.Option(min=1, max=MOST_SAMPLES, help="How many minutes are checked for features.")
]
SampleSeedOption = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the random choice of minutes.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print everything for machines.")]

NOTHING_COMPARED: Final = 2
"""Exit status of a check that had nothing to compare; 1: something differs."""

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
        int,
        typer.Option(min=1, max=MOST_SAMPLES, help="How many minutes whole simulations are compared up to."),
    ] = 6,
    sample_seed: SampleSeedOption = 0,
    for_machines: JsonOption = False,
) -> None:
    """Recompute everything with facts not yet known cut off or changed; status 1 if any value changes."""
    console = error_console()
    chosen = checked_market(CheckRequest(run_id, market, start, end, seed, pairs), console)
    results = lookahead_results(chosen, samples, paths, sample_seed, console)
    if not for_machines:
        print_results(output_console(), results)
    _conclude(chosen, results, for_machines=for_machines)


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
    for_machines: JsonOption = False,
) -> None:
    """Recompute features and verdicts from facts that begin elsewhere; status 1 if they differ."""
    chosen = checked_market(CheckRequest(run_id, market, start, end, seed, pairs), error_console())
    run = simulate_by(chosen.rules, chosen.scorers)
    longer = _read(chosen, chosen.start - timedelta(days=max(EARLIER_DAYS)))
    whole = run(beginning_at(longer, chosen.start))
    rows = sample_rows(whole, samples, sample_seed)
    decisions = [decisions_with_signals(whole, row) for row in rows]
    features = feature_warm_up(longer, decisions, _evaluation(chosen))
    results = list(features.results.values())
    day_before = beginning_at(longer, chosen.start - timedelta(days=1))
    has_earlier = len(day_before.minutes) > len(whole.prepared.market.minutes)
    if has_earlier:
        results.append(decision_warm_up(day_before, chosen.start, run))
    if not for_machines:
        console = output_console()
        print_changes(console, features.changed())
        console.print(_PORTFOLIO if has_earlier else _NOTHING_EARLIER, highlight=False, soft_wrap=True)
        print_results(console, results)
    _conclude(chosen, results, for_machines=for_machines)


@app.command()
def parity(
    run_id: Annotated[
        int,
        typer.Option("--run", min=1, max=LARGEST_KEY, help="The run to decide again.", show_default=False),
    ],
    for_machines: JsonOption = False,
) -> None:
    """Decide a past run again and compare everything that it stored, row by row.

    Everything left out is listed with the reason. Status 1 if anything differs, 2 if nothing was compared.
    """
    url = database_url(load_settings(), Role.READER)
    with (
        connect(url, autocommit=True) as connection,
        progress_bar(error_console()) as bar,
    ):
        task = bar.add_task("deciding again", total=1.0)
        found = check_parity(
            connection, url, read_run(connection, run_id), lambda share: bar.update(task, completed=share)
        )
    if for_machines:
        print_json(parity_as_json(found))
    else:
        print_parity(output_console(), found)
    if found.mismatches or not found.rows:
        raise typer.Exit(1 if found.mismatches else NOTHING_COMPARED)


@app.command()
def fills(
    run_id: Annotated[int, typer.Option("--run", min=1, max=LARGEST_KEY, help="A run.", show_default=False)],
    against: Annotated[
        int,
        typer.Option(
            min=1, max=LARGEST_KEY, help="A run of the same minutes in another mode.", show_default=False
        ),
    ],
    for_machines: JsonOption = False,
) -> None:
    """Compare two runs of the same minutes: what they decided, and their fills, side by side.

    Status 1 if a verdict differs before the fills do, or a fill is one that its minute does not allow.
    """
    with connect(database_url(load_settings(), Role.READER), autocommit=True) as connection:
        found = compare_runs(connection, read_run(connection, run_id), read_run(connection, against))
    if for_machines:
        print_json(compared_runs_as_json(found, run_id, against))
    else:
        print_compared_runs(output_console(), found, run_id, against)
    if found.is_wrong or not found.verdicts.compared:
        raise typer.Exit(1 if found.is_wrong else NOTHING_COMPARED)


def lookahead_results(
    chosen: CheckedMarket, samples: int, paths: int, sample_seed: int, console: Console
) -> list[CheckResult]:
    """Facts; features at `samples` minutes, simulations up to `paths` of them, and outcomes of trades."""
    market, run = _read(chosen, chosen.start), simulate_by(chosen.rules, chosen.scorers)
    whole = run(market)
    trades = approved_trades(whole)
    few = trades[:: max(1, len(trades) // paths)][:paths]
    both_sides = [side for trade in few for side in (trade, trade.opposite)]
    with progress_bar(console) as bar:
        tasks = [bar.add_task(what, total=1.0) for what in ("features", "decisions", "outcomes")]
        return [
            *impossible_known_at(market),
            *feature_lookahead(
                whole,
                sample_rows(whole, samples, sample_seed),
                _evaluation(chosen),
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
        market = read_market(connection, chosen.url, chosen.instrument_ids, start, chosen.end)
        return market if chosen.run_id is None else with_news_of_run(connection, market, chosen.run_id)


def _evaluation(chosen: CheckedMarket) -> Evaluate:
    """The features of a market of any venue, with leaders and sectors."""
    with closing(adbc_connect(chosen.url)) as reader:
        return under_universe_numbers(read_universe_numbers(reader, chosen.instrument_ids))


def _conclude(chosen: CheckedMarket, results: list[CheckResult], *, for_machines: bool) -> None:
    """Print the findings, and exit with the matching status."""
    found, compared = (
        sum(values) for values in zip(*((one.mismatches, one.compared) for one in results), strict=True)
    )
    if for_machines:
        market = {"market": chosen.title, "from": chosen.start.isoformat(), "to": chosen.end.isoformat()}
        print_json(results_as_json({**market, "compared": compared, "mismatches": found}, results))
    else:
        place = f"on {chosen.title}, {chosen.start:%Y-%m-%d %H:%M} to {chosen.end:%Y-%m-%d %H:%M} UTC"
        words = f"{found:,} mismatch{'' if found == 1 else 'es'}"
        verdict = (words, "red") if found else ("no mismatch", "green")
        print_line(output_console(), styled(verdict, f" among {compared:,} values {place}"))
    if found or not compared:
        raise typer.Exit(1 if found else NOTHING_COMPARED)
