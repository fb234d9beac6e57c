"""Cash, equity and drawdown of a run. Exact: every amount is a Decimal in USDT (law 6).

Source: C31 (two drawdowns), C39 (heat), C122 (equity at mark, day from 00:00 UTC).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from hydra.ledger.positions import price_profit, stop_loss_usd


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """An open position. direction: +1 LONG, -1 SHORT. Prices in quote units.

    cost_basis_usd: see `price_profit`. margin_usd: isolated margin.
    """

    instrument_id: int
    direction: int
    quantity: Decimal
    cost_basis_usd: Decimal
    mark_price: Decimal
    stop_price: Decimal
    margin_usd: Decimal

    @property
    def notional_usd(self) -> Decimal:
        """Value at mark."""
        return self.quantity * self.mark_price

    @property
    def unrealised_usd(self) -> Decimal:
        """Profit at mark, before costs."""
        return price_profit(self.direction, self.quantity, self.cost_basis_usd, self.mark_price)

    @property
    def heat_usd(self) -> Decimal:
        """Loss from mark to the stop."""
        return stop_loss_usd(self.direction, self.quantity, self.mark_price, self.stop_price)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Cash and the highest equity of the run and of the day. Begin with `Portfolio.start`."""

    cash_usd: Decimal
    peak_usd: Decimal
    day_peak_usd: Decimal
    day: date

    @classmethod
    def start(cls, balance_usd: Decimal, time: datetime) -> "Portfolio":
        """An empty portfolio at `time` (with a time zone)."""
        return cls(balance_usd, balance_usd, balance_usd, time.astimezone(UTC).date())

    def booked(self, amount_usd: Decimal) -> "Portfolio":
        """The portfolio after a cash effect: realised profit, a fee (negative) or funding."""
        return Portfolio(self.cash_usd + amount_usd, self.peak_usd, self.day_peak_usd, self.day)

    def marked(self, positions: Iterable[OpenPosition], time: datetime) -> tuple["Portfolio", "Equity"]:
        """The portfolio with its peaks at `time`, and its equity then (C122)."""
        opened = tuple(positions)
        unrealised = sum((position.unrealised_usd for position in opened), Decimal(0))
        equity = self.cash_usd + unrealised
        day = time.astimezone(UTC).date()
        day_peak = equity if day != self.day else max(self.day_peak_usd, equity)
        peak = max(self.peak_usd, equity)
        marked = Portfolio(self.cash_usd, peak, day_peak, day)
        return marked, Equity(
            cash_usd=self.cash_usd,
            unrealised_usd=unrealised,
            equity_usd=equity,
            peak_usd=peak,
            day_peak_usd=day_peak,
            exposure_usd=sum((position.notional_usd for position in opened), Decimal(0)),
            heat_usd=sum((position.heat_usd for position in opened), Decimal(0)),
            margin_usd=sum((position.margin_usd for position in opened), Decimal(0)),
        )


@dataclass(frozen=True, slots=True)
class Equity:
    """The portfolio at one instant, USDT."""

    cash_usd: Decimal
    unrealised_usd: Decimal
    equity_usd: Decimal
    peak_usd: Decimal
    day_peak_usd: Decimal
    exposure_usd: Decimal
    heat_usd: Decimal
    margin_usd: Decimal

    @property
    def drawdown(self) -> float:
        """From the run's highest equity, for the leverage (C31)."""
        return drawdown(float(self.equity_usd), float(self.peak_usd))

    @property
    def daily_drawdown(self) -> float:
        """From the highest equity since 00:00 UTC, for the kill switch (C31)."""
        return drawdown(float(self.equity_usd), float(self.day_peak_usd))

    @property
    def heat(self) -> float:
        """The loss if every stop is hit, a fraction of equity (C39); infinite without equity."""
        return float(self.heat_usd / self.equity_usd) if self.equity_usd > 0 else float("inf")


def drawdown(equity_usd: float, peak_usd: float) -> float:
    """Fraction lost since the peak; 1 if the peak is not positive.

    Formula: 1 - equity / peak
    Source: layers document, "Kill Switches"; layers document, "Leverage Calculation"; C31.
    """
    return 1 - equity_usd / peak_usd if peak_usd > 0 else 1.0
