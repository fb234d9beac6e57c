"""The number types of the ledger: Decimal where sums must be exact, float in columns and loops.

Source: docs/architecture.md, laws 2 and 6.
"""

from decimal import Decimal
from typing import TypeVar

Amount = TypeVar("Amount", float, Decimal)
