"""`hydra status`: what the database holds, and how the newest runs stand."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from hydra.answers.audit_rounds import audit_words, newest_round
from hydra.answers.formatting import UNDEFINED, usd
from hydra.answers.run_list import RunSummary, newest_runs
from hydra.answers.status import Condition, Coverage, read_condition, read_coverage
from hydra.cli.output import output_console
from hydra.db.edition import inspect_server
from hydra.db.engine import connect, database_url
from hydra.settings import load_settings


def command() -> None:
    """Show the server, the stored facts, their condition, and the newest runs."""
    with connect(database_url(load_settings())) as connection:
        server = inspect_server(connection)
        coverage = read_coverage(connection)
        condition = read_condition(connection)
        runs = newest_runs(connection)
        audited = newest_round(connection)
    console = output_console()
    console.print(
        f"TimescaleDB {server.timescaledb_version} ({server.edition.value} edition) "
        f"on PostgreSQL {server.postgresql_version}",
        highlight=False,
    )
    if coverage:
        console.print(_table(coverage))
    else:
        console.print("No market is stored yet: load one with `hydra import PATH`, or try `hydra demo`.")
    console.print(_condition(condition), highlight=False)
    console.print(audit_words(audited), highlight=False, soft_wrap=True)
    if runs:
        console.print(_runs(runs))
        for line in _overrides(runs):
            console.print(escape(line), highlight=False)


def _table(coverage: list[Coverage]) -> Table:
    table = Table("fact", "origin", "pairs", "rows", "from (UTC)", "to (UTC)")
    for row in coverage:
        table.add_row(
            row.fact,
            row.origin,
            str(row.instruments),
            f"{row.row_count:,}",
            f"{row.first_time:%Y-%m-%d %H:%M}",
            f"{row.last_time:%Y-%m-%d %H:%M}",
        )
    return table


def _runs(runs: list[RunSummary]) -> Table:
    table = Table(
        "run", "mode", "market", "state", "decided until (UTC)", "equity", "trades", "open", "kill switch"
    )
    for run in runs:
        table.add_row(
            str(run.run_id),
            run.mode,
            run.label,
            run.end_reason,
            f"{run.decided_until:%Y-%m-%d %H:%M}" if run.decided_until else UNDEFINED,
            usd(run.equity_usd),
            str(run.closed_trades),
            str(run.open_positions),
            "latched" if run.latched else "clear",
        )
    return table


def _overrides(runs: list[RunSummary]) -> Iterator[str]:
    """A line for each run that was not made with the defaults alone."""
    for run in runs:
        if run.overrides:
            yield f"Run {run.run_id} with {', '.join(one.assignment for one in run.overrides)}"


def _condition(condition: Condition) -> str:
    rollups = "behind the facts" if condition.batches_without_fresh_rollups else "up to date"
    return (
        f"{condition.import_batches:,} imported files, {condition.gaps:,} gaps "
        f"({condition.missing_rows:,} missing rows), {condition.quarantined_rows:,} rows in quarantine, "
        f"{condition.revisions:,} revisions, rollups {rollups}"
    )
