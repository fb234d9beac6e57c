"""`hydra news`: headlines in, and what the analyst makes of them (`news_analyst.py`)."""

from pathlib import Path
from typing import Annotated

import typer

from hydra.answers.news_sources import read_news_sources
from hydra.answers.plain_values import plain
from hydra.cli.news_analyst import news_scan, news_show
from hydra.cli.news_effect import news_effect
from hydra.cli.news_source_table import print_news_sources
from hydra.cli.output import error_console, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import BadDataError
from hydra.news.polling import asked_sources, poll_due_sources, summary_line
from hydra.news.source_list import load_sources
from hydra.outside_text import shown
from hydra.settings import load_settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Headlines, and what the analyst makes of them."
)


@app.command("poll")
def news_poll(
    is_forced: Annotated[bool, typer.Option("--all", help="Ask every source, due or not.")] = False,
) -> None:
    """Ask the news sources that are due, once, and store what is new. `hydra run` does it all the time.

    Exit status 1 if sources were asked and none of them answered.
    """
    settings = load_settings()
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        results = poll_due_sources(connection, settings, is_forced=is_forced)
    console = output_console()
    if not results:
        print_line(console, "No source is due, or another process asks them now (--all: ask all of them)")
        return
    for one in results:
        told = (
            f"{one.stored.added} new, {one.stored.repeated} of them repeat another"
            if not one.error
            else one.error
        )
        print_line(
            console, f"{one.source}: {shown(told)}" + (f" ({shown(one.remark)})" if one.remark else "")
        )
    print_line(console, summary_line(results))
    if all(one.error for one in results):
        raise typer.Exit(1)


@app.command("sources")
def news_sources(
    as_json: Annotated[bool, typer.Option("--json", help="Print them for machines.")] = False,
) -> None:
    """List the news sources: how each fares, when it is asked again, what is wrong."""
    settings = load_settings()
    listed = {source.name for source in load_sources(settings.news_sources_file)}
    asked = {source.name for source in asked_sources(settings)}
    with connect(database_url(settings, Role.READER)) as connection:
        found = read_news_sources(connection)
    never = sorted(asked - {one.source for one in found})
    if as_json:
        print_json(plain({"sources": found, "never_asked": never, "without_key": sorted(listed - asked)}))
        return
    console = output_console()
    print_news_sources(console, found)
    for one in found:
        if one.source not in listed:
            print_line(console, f"{one.source}: no longer in the list of sources")
    if never:
        print_line(console, f"Not asked yet: {', '.join(never)}")
    for name in sorted(listed - asked):
        print_line(
            console, f"{name}: not asked, because CRYPTOCOMPARE_API_KEY is not set (it needs a paid plan)"
        )


@app.command("import")
def news_import(
    paths: Annotated[
        list[Path], typer.Argument(help="Parquet files of recorded headlines.", show_default=False)
    ],
) -> None:
    """Import recorded headlines, each once. Exit status 1 if a file could not be read."""
    # Reads Parquet; a poll does without it.
    from hydra.news.recorded import import_headlines  # noqa: PLC0415

    refused = False
    console = output_console()
    with connect(database_url(load_settings(), Role.WORKER), autocommit=True) as connection:
        for path in paths:
            try:
                stored = import_headlines(connection, path)
            except BadDataError as error:
                refused = True
                print_line(error_console(), f"refused {shown(str(error))}")
                continue
            print_line(
                console,
                f"{shown(str(path))}: {stored.added:,} new, {stored.repeated:,} of them repeat another, "
                f"{stored.known:,} known already or twice in the file",
            )
    if refused:
        raise typer.Exit(1)


app.command("scan")(news_scan)
app.command("show")(news_show)
app.command("effect")(news_effect)
