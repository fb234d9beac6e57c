"""The tables that history goes into: their keys, values and grids."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hydra.db.schema import METADATA


@dataclass(frozen=True)
class FactTable:
    """One table of schema market.

    step: the distance of its rows; None where the rows or the table say. is_gridded: False where facts come
    at any instant, so that there are no holes to find.
    """

    name: str
    step: timedelta | None
    is_gridded: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(column.name for column in METADATA.tables[f"market.{self.name}"].primary_key)

    @property
    def values(self) -> tuple[str, ...]:
        """What a fact says: every column but the key and known_at."""
        table = METADATA.tables[f"market.{self.name}"]
        return tuple(
            column.name for column in table.columns if not column.primary_key and column.name != "known_at"
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return tuple(column.name for column in METADATA.tables[f"market.{self.name}"].columns)


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
    )
}
