"""The history that a connected exchange still has, of the pairs of the universe, into the fact tables."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Final

from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.durations import DAY
from hydra.errors import StopError
from hydra.exchange.connect import market_data
from hydra.exchange.interface import MarketData
from hydra.ingest.backfill import START_PAUSES_S, Filled, Progress, backfill, patiently
from hydra.ingest.terms import ensure_venue
from hydra.settings import Settings
from hydra.universe import UNIVERSE

TABLES: Final = ("funding_rates", "positioning", "open_interest", "candles_1m", "mark_prices")
"""What is fetched, short series first."""

_SHARE_OF_LIMITS: Final = 0.8
"""What runs beside it, such as ingest, always has room."""


def fetch_history(
    settings: Settings,
    name: str,
    pairs: Sequence[str],
    days: int,
    progress: Progress = lambda _share, _rows: None,
) -> list[Filled]:
    """Fetch the last `days` whole days and today of `pairs` (base names; none: all) of the exchange `name`.

    What is stored already is not fetched again.

    Raises:
        StopError: a pair is not traded there, or a person has to act.
        RetryError: the exchange cannot be reached now.
        DatabaseError, psycopg.Error: the database server cannot be used.
    """
    exchange = market_data(settings, name, _SHARE_OF_LIMITS)
    return asyncio.run(_fetch(exchange, database_url(settings, Role.OWNER), name, pairs, days, progress))


async def _fetch(
    exchange: MarketData, url: str, name: str, pairs: Sequence[str], days: int, progress: Progress
) -> list[Filled]:
    try:
        symbols = [pair.exchange_symbol for pair in UNIVERSE if not pairs or pair.base in pairs]
        terms = await patiently(partial(exchange.terms, symbols), START_PAUSES_S)
        with closing(connect(url, autocommit=True)) as connection:
            ids = ensure_venue(connection, exchange.capabilities.venue, terms)
        if missing := [symbol for symbol in symbols if pairs and symbol not in ids]:
            raise StopError(f"{name} does not trade {', '.join(missing)}: leave it out of --pairs")
        now = await patiently(exchange.server_time, START_PAUSES_S)
        start = now.replace(hour=0, minute=0, second=0, microsecond=0) - days * DAY
        wanted = {symbol: ids[symbol] for symbol in symbols if symbol in ids}
        tables = [table for table in TABLES if table in exchange.capabilities.history]
        return await backfill(url, exchange, wanted, tables, start, now, progress)
    finally:
        await exchange.close()
