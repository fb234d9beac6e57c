"""The market of a pair in bars, for its plots: price, volume, funding, open interest, liquidations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from hydra.answers.html_report.time_grid import TimeGrid, carried
from hydra.answers.run_choice import rows_of
from hydra.durations import MINUTE

BarColumn = list[float | None]

COLUMNS: Final = (
    "open", "high", "low", "close", "volume_usd", "funding", "open_interest",
    "long_liquidations_usd", "short_liquidations_usd",
)  # fmt: skip


_HELD: Final = ("funding", "open_interest")
"""Columns whose last value holds until the next measurement."""


@dataclass(frozen=True, slots=True)
class MarketBars:
    """The columns of `COLUMNS`, one entry a bar of the grid; None where nothing is stored.

    funding: the rate settled last, per settlement. open_interest: measured last, base units.
    """

    grid: TimeGrid
    columns: Mapping[str, BarColumn]


def read_market_bars(connection: psycopg.Connection, instrument_id: int, grid: TimeGrid) -> MarketBars:
    """The bars of one instrument on `grid`."""
    rows = rows_of(
        connection,
        "report/market_bars",
        instrument_id=instrument_id,
        start=grid.start,
        end=grid.start + grid.bars * grid.minutes * MINUTE,
        bar_seconds=grid.bar_seconds,
        bars=grid.bars,
    )
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    held = {name: carried(columns[name]) for name in _HELD}
    return MarketBars(grid, {**columns, **held})
