"""The whole metadata: importing this module declares every table of every schema."""

from hydra.db import decision_tables, market_tables, research_tables, trading_tables, upkeep_tables
from hydra.db.metadata import METADATA

__all__ = [
    "METADATA",
    "decision_tables",
    "market_tables",
    "research_tables",
    "trading_tables",
    "upkeep_tables",
]
