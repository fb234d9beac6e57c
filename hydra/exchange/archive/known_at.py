"""When an imported fact became known: the one function for every importer.

Source: docs/features.md, "When a fact is known"; C115, C133.
"""

from datetime import timedelta
from typing import Final

import polars as pl

LAGS: Final = {
    "candles_1m": timedelta(seconds=2),
    "candles_5m_recorded": timedelta(seconds=2),
    "mark_prices": timedelta(seconds=2),
    "funding_rates": timedelta(seconds=5),
    "open_interest": timedelta(seconds=60),
    "positioning": timedelta(seconds=60),
    "liquidations": timedelta(0),
    "trades": timedelta(seconds=1),
    "order_books": timedelta(seconds=1),
}
"""The delay of publication after a fact is true, by table. Recorded forced orders state their receipt."""


def known_at(table: str, grid_time: pl.Expr, own_stamp: pl.Expr) -> pl.Expr:
    """The later of grid time + lag and the file's own stamp + lag, as column `known_at`.

    grid_time: when the fact is true on the grid: the close of a bar, the hour of a settlement, the end of a
    period. own_stamp: the instant that the file states; null if it states none.
    """
    return (pl.max_horizontal(grid_time, own_stamp) + LAGS[table]).alias("known_at")
