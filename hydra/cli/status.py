"""`hydra status`: what the database holds, and how the newest runs stand."""

from typing import Annotated, Final

import typer
from rich.table import Table

from hydra.alerts.addresses import channel_names
from hydra.answers.alerts import alert_lines, read_alert_condition
from hydra.answers.audit_rounds import audit_words, newest_round
from hydra.answers.blocked_pairs import blocked_pairs
from hydra.answers.feeds import read_feeds, read_ingest
from hydra.answers.formatting import counted, minute_text
from hydra.answers.news_sources import read_news_sources
from hydra.answers.plain_values import plain
from hydra.answers.run_list import list_runs
from hydra.answers.status import Coverage, DatabaseCondition, read_condition, read_coverage
from hydra.cli.feed_table import print_feeds
from hydra.cli.news_source_table import print_news_sources
from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.cli.runs import run_lines, run_table
from hydra.cli.table_sizes import size_table
from hydra.db.edition import inspect_server
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.retention import table_sizes
from hydra.db.roles import Role
from hydra.runtime.broker_watch import BrokerCondition, broker_condition
from hydra.settings import load_settings

RUNS_SHOWN = 10

NO_MARKET: Final = "No market is stored yet: load one with `hydra import PATH`, or try `hydra demo`."


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything for machines.")] = False,
) -> None:
    """Show the server, the stored facts, their condition, and the newest runs."""
    settings = load_settings()
    broker = broker_condition(settings)
    with connect(database_url(settings, Role.READER)) as connection:
        server = inspect_server(connection)
        coverage = read_coverage(connection)
        condition = read_condition(connection)
        feeds, ingest = read_feeds(connection), read_ingest(connection)
        news_sources = read_news_sources(connection)
        runs = list_runs(connection, RUNS_SHOWN)
        audited = newest_round(connection)
        alerts = read_alert_condition(connection)
        sizes = table_sizes(connection)
        blocked = blocked_pairs(connection, [run.run_id for run in runs if run.is_live])
    if as_json:
        found = {
            "server": server,
            "facts": coverage,
            "condition": condition,
            "ingest": ingest,
            "feeds": feeds,
            "news_sources": news_sources,
            "runs": [run.as_json() for run in runs],
            "blocked_pairs": blocked,
            "audits": audited,
            "alerts": alerts,
            "tables": [size._asdict() for size in sizes],
            "broker": broker,
        }
        print_json(plain(found))
        return
    console = output_console()
    print_line(
        console,
        f"TimescaleDB {server.timescaledb_version} ({server.edition.value} edition) "
        f"on PostgreSQL {server.postgresql_version}",
    )
    if coverage:
        console.print()
        console.print(_coverage(coverage))
        console.print()
        console.print(size_table(sizes))
        console.print()
    else:
        print_line(console, NO_MARKET)
    print_feeds(console, ingest, feeds)
    print_news_sources(console, news_sources)
    print_line(console, _condition(condition))
    print_line(console, audit_words(audited))
    for line in alert_lines(alerts, channel_names(settings)):
        print_line(console, line)
    if broker is not None:
        print_line(console, _broker(broker))
    if runs:
        console.print()
        console.print(run_table(runs))
        for line in (*run_lines(runs), *(one.sentence for one in blocked)):
            print_line(console, line)


def _coverage(coverage: list[Coverage]) -> Table:
    table = open_table(("venue", "fact"), ("pairs", "rows", "from (UTC)", "to (UTC)"))
    for row in coverage:
        table.add_row(
            row.venue,
            row.fact,
            str(row.instruments),
            f"about {round(row.row_count, -3):,}" if row.is_estimate else f"{row.row_count:,}",
            minute_text(row.first_time),
            minute_text(row.last_time),
        )
    return table


def _condition(condition: DatabaseCondition) -> str:
    rollups = "behind the facts" if condition.batches_without_fresh_rollups else "up to date"
    return (
        f"{counted(condition.imported_files, 'imported file')}, {counted(condition.gaps, 'gap')} "
        f"({counted(condition.missing_rows, 'missing row')}), "
        f"{counted(condition.quarantined_rows, 'row')} in quarantine, "
        f"{counted(condition.revisions, 'revision')} waiting, "
        f"{counted(condition.replaced_facts, 'replaced fact')}, rollups {rollups}"
    )


def _broker(broker: BrokerCondition) -> str:
    if broker.complaint is None:
        return f"The messages go through {broker.name}, which answers"
    return f"The messages go through {broker.name}, which is lost ({broker.complaint}): runs wait for it"
