"""The number types of the ledger.

Live, paper and the database compute money in Decimal: sums of fills, fees and funding are exact to the last
digit, as law 6 and the numeric columns ask. The backtest's loop calls the very same functions with float.
Source: docs/architecture.md, laws 2 and 6.
"""

from decimal import Decimal
from typing import TypeVar

Amount = TypeVar("Amount", float, Decimal)
