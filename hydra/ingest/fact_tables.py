"""The tables that history is imported into, and their grids."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True)
class FactTable:
    """One table of schema market.

    step: the distance of its rows; None if it differs by row or table. is_gridded: False if facts come at any
    instant, so that no gap can be detected.
    """

    name: str
    step: timedelta | None
    is_gridded: bool = True


FACT_TABLES: Final = {
    table.name: table
    for table in (
        FactTable("candles_1m", timedelta(minutes=1)),
        FactTable("candles_5m_recorded", timedelta(minutes=5)),
        FactTable("mark_prices", None),
        FactTable("funding_rates", None),
        FactTable("open_interest", timedelta(minutes=5)),
        FactTable("positioning", timedelta(minutes=5)),
        FactTable("liquidations", None, is_gridded=False),
        FactTable("trades", None, is_gridded=False),
        FactTable("order_books", None, is_gridded=False),
    )
}
