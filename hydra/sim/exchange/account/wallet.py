"""The wallet: what it holds, and an income row for each change of it."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from hydra.sim.exchange.account.records import Income
from hydra.sim.exchange.account.words import IncomeKind

_SMALLEST_USD: Final = Decimal("0.00000001")


def usd(amount: Decimal) -> Decimal:
    """An amount in the eight decimals of the exchange's books; halves to the even digit."""
    return amount.quantize(_SMALLEST_USD, ROUND_HALF_EVEN)


class Wallet:
    """balance_usd is always the start balance and the sum of `incomes`."""

    def __init__(self, start_balance_usd: Decimal, first_transaction_id: int) -> None:
        self.balance_usd = usd(start_balance_usd)
        self.incomes: list[Income] = []
        self._first_id = first_transaction_id

    def book(
        self, kind: IncomeKind, amount_usd: Decimal, now_ms: int, symbol: str = "", trade_id: str = ""
    ) -> None:
        """Change the balance by `amount_usd` (eight decimals); nothing happens for 0."""
        if not amount_usd:
            return
        self.balance_usd += amount_usd
        transaction_id = self._first_id + len(self.incomes)
        self.incomes.append(Income(transaction_id, now_ms, kind, amount_usd, symbol, trade_id))
