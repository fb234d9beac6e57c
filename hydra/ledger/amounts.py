"""The number types of the ledger.

Live, paper and the database compute money in Decimal: sums of fills, fees and funding are exact (law 6). The
backtest's loop calls the same functions with float.
Source: docs/architecture.md, laws 2 and 6.
"""

from decimal import Decimal
from typing import TypeVar

Amount = TypeVar("Amount", float, Decimal)
