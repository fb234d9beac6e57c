"""The whole metadata: importing this module declares every table of every schema."""

from hydra.db import market_tables
from hydra.db.metadata import METADATA

__all__ = ["METADATA", "market_tables"]
