"""`hydra news effect`: what the news analyst is worth to a run, and what it costs."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console

from hydra.answers.formatting import UNDEFINED, fixed, words_of_code
from hydra.answers.plain_values import plain
from hydra.answers.run_choice import Row, decided_run, rows_of
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.settings import load_settings

_KINDS: Final = {"VETO": "entry forbidden", "EXIT": "position closed", "TRADE": "trade, the view then:"}
_EXPLAINED: Final = (
    "Mean of the days' means, in basis points: what the forbidden or closed side earned afterwards by price "
    "alone, without costs, stop or target; below zero the news saved it. A trade is net of costs. Under 20 "
    "events or 6 days there is no figure."
)


def news_effect(
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LARGEST_KEY, help="The run; default: the newest")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for machines.")] = False,
) -> None:
    """Show what happened after vetoes and exits by news, with 95 % intervals, and the cost per day."""
    with connect(database_url(load_settings(), Role.READER)) as connection:
        chosen = decided_run(connection, run)
        effects = rows_of(connection, "report/news_effect", run_id=chosen["run_id"])
        costs = rows_of(connection, "report/news_cost", run_id=chosen["run_id"])
    if as_json:
        print_json(plain({"run_id": chosen["run_id"], "effect": effects, "cost": costs}))
        return
    console = output_console()
    print_line(console, f"Run {chosen['run_id']} ({chosen['label']})")
    _print_effects(console, effects)
    _print_costs(console, costs)


def _print_effects(console: Console, effects: Sequence[Row]) -> None:
    if not any(one["kind"] != "TRADE" for one in effects):
        print_line(console, "The news have forbidden no entry and closed no position in this run.")
    if not effects:
        return
    table = open_table(("what", "", "after"), ("n", "days", "mean bps", "95 % interval"))
    for one in effects:
        table.add_row(
            _KINDS[one["kind"]],
            one["said"] if one["kind"] == "TRADE" else words_of_code(one["said"]),
            UNDEFINED if one["horizon_minutes"] is None else f"{one['horizon_minutes'] // 60} h",
            f"{one['events']:,}",
            f"{one['days']:,}",
            "too few" if one["mean_bps"] is None else fixed(one["mean_bps"], 1),
            UNDEFINED
            if one["low_bps"] is None
            else f"{fixed(one['low_bps'], 1)} to {fixed(one['high_bps'], 1)}",
        )
    console.print(table)
    print_line(console, _EXPLAINED)


def _print_costs(console: Console, costs: Sequence[Row]) -> None:
    if not costs:
        print_line(console, "The analyst was not asked in this run: it cost nothing.")
        return
    table = open_table(("day",), ("scans", "analyses", "failures", "tokens in", "out", "USD", "median ms"))
    for one in costs:
        missing = f" + {one['without_price']} without a price" if one["without_price"] else ""
        table.add_row(
            f"{one['day']:%Y-%m-%d}",
            f"{one['scans']:,}",
            f"{one['analyses']:,}",
            f"{one['failures']:,}",
            f"{one['input_tokens']:,}",
            f"{one['output_tokens']:,}",
            f"{one['cost_usd']:.6f}{missing}",
            UNDEFINED if one["median_latency_ms"] is None else fixed(one["median_latency_ms"], 0),
        )
    console.print(table)
