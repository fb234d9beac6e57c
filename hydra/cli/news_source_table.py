"""The sources of headlines as a table: of `hydra status` and of `hydra news sources`."""

from collections.abc import Sequence

from rich.console import Console

from hydra.answers.news_sources import NewsSourceCondition
from hydra.cli.output import open_table, print_line
from hydra.outside_text import shown


def print_news_sources(console: Console, sources: Sequence[NewsSourceCondition]) -> None:
    """Print them, each with what is wrong below; nothing where none was asked."""
    if not sources:
        return
    table = open_table(
        ("news source", "state"),
        ("answered (UTC)", "next (UTC)", "failures", "items 1 d", "repeats", "all items"),
    )
    for one in sources:
        table.add_row(
            one.source,
            one.state,
            f"{one.last_success:%d %H:%M:%S}" if one.last_success else "never",
            f"{one.next_attempt:%d %H:%M:%S}",
            f"{one.failures:,}",
            f"{one.items_of_day:,}",
            f"{one.repeats_of_day:,}",
            f"{one.items_total:,}",
        )
    console.print(table)
    for one in sources:
        if one.detail:
            print_line(console, f"{one.source}: {shown(one.detail)}")
    console.print()
