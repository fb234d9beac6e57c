"""The feeds of `hydra status`: a line and a table for each exchange that ingest listens to."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from hydra.answers.feeds import FeedCondition, IngestCondition
from hydra.answers.formatting import counted
from hydra.cli.output import open_table, print_line
from hydra.outside_text import shown


def print_feeds(console: Console, ingest: list[IngestCondition], feeds: list[FeedCondition]) -> None:
    """Print them; nothing where ingest has not run for a day."""
    for one in ingest:
        own = [feed for feed in feeds if feed.venue == one.venue]
        for line in _lines(one):
            print_line(console, line)
        if own:
            console.print(_table(own))
        for feed in own:
            if feed.detail:
                print_line(console, f"{feed.feed}: {shown(feed.detail)}")
        console.print()


def _lines(one: IngestCondition) -> Iterator[str]:
    if one.is_running:
        yield f"Ingest listens to {one.venue} ({one.environment}, process {one.process_id})"
    else:
        why = shown(one.end_reason) if one.end_reason else "it was killed, or its database was away"
        yield f"Ingest of {one.venue} does not run since {one.updated_at:%Y-%m-%d %H:%M:%S}: {why}"
    through = one.candles_through
    candles = f"candles to {through:%H:%M}" if through else "no candles yet"
    yield (
        f"stored to {one.committed_through:%Y-%m-%d %H:%M:%S}, {candles}; "
        f"{counted(one.queued_rows, 'row')} queued, {counted(one.spilled_rows, 'row')} on disk"
    )


def _table(feeds: list[FeedCondition]) -> Table:
    table = open_table(("feed", "state"), ("pairs", "last (UTC)", "lag s", "per s", "gaps 1 d"))
    for feed in feeds:
        table.add_row(
            feed.feed,
            feed.state,
            str(feed.pairs or "-"),
            f"{feed.last_time:%d %H:%M:%S}" if feed.last_time else "-",
            "-" if feed.lag_seconds is None else f"{feed.lag_seconds:.2f}",
            f"{feed.messages_per_second:,.1f}",
            f"{feed.gaps:,}",
        )
    return table
