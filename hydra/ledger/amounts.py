"""The number types of the ledger: Decimal where sums must be exact, float in columns and loops.

Source: docs/architecture.md, laws 2 and 6.
"""

from decimal import Decimal
from typing import TypeVar

from hydra.arrays import Floats

Amount = TypeVar("Amount", float, Decimal)

Amounts = TypeVar("Amounts", float, Decimal, Floats)
"""An amount, or a column of amounts."""
