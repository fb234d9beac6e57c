"""`hydra news scan` and `hydra news show`: the news analyst on demand, and what it says of each pair."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from hydra.answers.formatting import minute_text, with_unit
from hydra.answers.plain_values import plain
from hydra.answers.run_choice import Row, decided_run, rows_of
from hydra.answers.styled_text import styled
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import ScanOutcome
from hydra.news.scan import Scan, clock_of, refuse_stored_history, scan_if_due, scan_now
from hydra.settings import load_settings
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import read_run

MOST_SCANS = 5
COLOURS = {ScanOutcome.ANALYZED: "green", ScanOutcome.PARTIAL: "yellow", ScanOutcome.NO_NEWS: "dim"}
RunOption = Annotated[
    int | None, typer.Option("--run", min=1, max=LARGEST_KEY, help="The run; default: the newest")
]


def news_scan(
    run: RunOption = None,
    is_forced: Annotated[bool, typer.Option("--force", help="Scan now, due or not.")] = False,
) -> None:
    """Ask the news analyst for a run on an exchange. `hydra run` does it every LLM_SCAN_MINUTES.

    Exit status 1 if there is no analysis.
    """
    settings = load_settings()
    console = output_console()
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        chosen = read_run(connection, decided_run(connection, run)["run_id"])
        refuse_stored_history(chosen)
        ask = scan_now if is_forced else scan_if_due
        done = ask(connection, chosen, settings)
    if done is None:
        print_line(console, "No scan is due, or another goes on (--force: scan now)")
        return
    _print_scan(console, done)
    if done.outcome not in COLOURS:
        raise typer.Exit(1)


def news_show(
    run: RunOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print them for machines.")] = False,
) -> None:
    """Show what the news analyst says of each pair of a run, how old that is, and its newest scans."""
    settings = load_settings()
    with connect(database_url(settings, Role.READER), autocommit=True) as connection:
        chosen = read_run(connection, decided_run(connection, run)["run_id"])
        time = clock_of(connection, chosen)
        views = rows_of(connection, "news/views", run_id=chosen.run_id, time=time)
        scans = rows_of(connection, "news/last_scans", run_id=chosen.run_id, most=MOST_SCANS)
    counts_for = rules_of_run(chosen).news_counts_for
    for view in views:
        view["counts"] = _counts(view, time, counts_for)
    if as_json:
        print_json(plain({"run_id": chosen.run_id, "time": time, "views": views, "scans": scans}))
        return
    console = output_console()
    print_line(console, f"Run {chosen.run_id} ({chosen.label}) at {minute_text(time)} UTC by its own clock")
    print_views(console, views)
    print_scans(console, scans)
    if not scans:
        print_line(console, "The news analyst has not been asked for this run")


def print_scans(console: Console, scans: Sequence[Row]) -> None:
    """Print stored scans, a line each."""
    for row in scans:
        colour = COLOURS.get(ScanOutcome(row["outcome"]), "red")
        cost = "" if row["cost_usd"] is None else f", {row['cost_usd']:.6f} USD"
        when = f"scan {row['scan_id']} at {minute_text(row['time'])} UTC ({row['trigger']}{cost}): "
        print_line(console, styled(when, (row["outcome"], colour), f": {row['detail']}"))


def _counts(view: Row, time: datetime | None, counts_for: timedelta) -> bool:
    """Whether a minute decided now would see the view."""
    if time is None or view["time"] is None:
        return False
    return bool(view["age_s"] >= 0 and view["time"] > time - counts_for)


def print_views(console: Console, views: Sequence[Row]) -> None:
    """Print the view of each pair, or that it has none."""
    table = open_table(("pair", "view", "confidence", "counts", "reason"), ("age",))
    for view in views:
        if view["action"] is None:
            table.add_row(view["symbol"], "no view", "-", "-", "-", "-")
            continue
        table.add_row(
            view["symbol"],
            view["action"],
            view["confidence"],
            "yes" if view["counts"] else "too old" if view["age_s"] >= 0 else "not yet",
            view["reason"],
            with_unit("age_seconds", max(view["age_s"], 0.0)),
        )
    console.print(table)


def _print_scan(console: Console, done: Scan) -> None:
    colour = COLOURS.get(done.outcome, "red")
    print_line(console, styled((done.outcome.value, colour), f": {done.detail}"))
    if done.cost_usd is not None:
        tokens = f"{done.input_tokens} tokens sent, {done.output_tokens} answered"
        print_line(console, f"{tokens}, {done.cost_usd:.6f} USD, {done.latency_ms} ms")
