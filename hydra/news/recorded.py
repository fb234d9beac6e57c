"""Recorded headlines: a Parquet file with published, title and source, and perhaps category and currencies.

What was recorded carries no time of arrival. A headline counts as known one ordinary poll after its publish
time, because HYDRA could not have known it earlier.
Source: docs/architecture.md, law 3; docs/news.md, "Sources".
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl
import psycopg

from hydra.errors import BadDataError
from hydra.news.items import Headline
from hydra.news.store import Stored, store_headlines
from hydra.outside_text import shown

KNOWN_AFTER: Final = timedelta(minutes=5)
"""One poll at the default of NEWS_POLL_MINUTES."""
BLOCK_ROWS: Final = 2_000
_NEEDED: Final = ("published", "title", "source")
_CURRENCIES: Final = ("currencies", "cryptopanic_currencies")


def import_headlines(connection: psycopg.Connection, path: Path) -> Stored:
    """Store the headlines of a file; again changes nothing. Blocks of rows commit one by one, oldest first.

    connection: in autocommit mode.

    Raises:
        BadDataError: the file cannot be read, or has not the columns; nothing of it was stored.
        psycopg.Error: the server cannot be used; the same command goes on where it ended.
    """
    added = repeated = known = 0
    for block in _blocks(_frame(path)):
        stored = store_headlines(
            connection, [(one, one.published + KNOWN_AFTER) for one in block if one.published]
        )
        added, repeated, known = added + stored.added, repeated + stored.repeated, known + stored.known
    return Stored(added, repeated, known)


def _frame(path: Path) -> pl.DataFrame:
    named = shown(str(path))
    try:
        # Opened here: polars takes no name that is not UTF-8.
        with path.open("rb") as file:
            frame = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadDataError(f"{named} cannot be read as Parquet: {shown(str(error))[:200]}") from error
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise BadDataError(f"{named} has no column {', '.join(missing)}: it holds no recorded headlines")
    if not isinstance(frame.schema["published"], pl.Datetime) or frame.schema["published"].time_zone != "UTC":
        raise BadDataError(f"{named}: published has to be a time in UTC, not {frame.schema['published']}")
    if empty := frame.select(pl.any_horizontal(pl.col(_NEEDED).is_null()).sum()).item():
        raise BadDataError(f"{named}: {empty} rows have no publish time, title or source")
    currencies = next((pl.col(name) for name in _CURRENCIES if name in frame.columns), pl.lit(""))
    category = pl.col("category") if "category" in frame.columns else pl.lit("")
    return frame.select(
        pl.col("published").dt.cast_time_unit("us"),
        pl.col("title", "source").cast(pl.String),
        category.cast(pl.String).fill_null("").alias("category"),
        currencies.cast(pl.String).fill_null("").alias("currencies"),
    ).sort("published", "source", "title")


def _blocks(frame: pl.DataFrame) -> Iterator[list[Headline]]:
    for block in frame.iter_slices(BLOCK_ROWS):
        yield [
            Headline(
                source=row["source"],
                title=row["title"],
                published=row["published"],
                category=row["category"],
                tags=tuple(tag for tag in row["currencies"].split(",") if tag),
            )
            for row in block.iter_rows(named=True)
        ]
