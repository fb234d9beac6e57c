"""The terms of one contract, ready for checks and margins. Prices and quantities are put on its grids."""

from dataclasses import dataclass
from decimal import Decimal

from hydra.exchange.instruments import LeverageBracket
from hydra.ledger.liquidation import MaintenanceBracket, bracket_index, liquidation_price
from hydra.sim.exchange.sources import ListedPair


@dataclass(frozen=True, slots=True)
class Contract:
    """A perpetual. price_unit, quantity_unit: 1 in the last decimal that the exchange writes."""

    pair: ListedPair
    price_unit: Decimal
    quantity_unit: Decimal
    maintenance: tuple[MaintenanceBracket[Decimal], ...]

    @classmethod
    def of(cls, pair: ListedPair) -> "Contract":
        """The terms of a listed pair."""
        return cls(
            pair,
            Decimal(1).scaleb(-pair.price_digits),
            Decimal(1).scaleb(-pair.quantity_digits),
            tuple(
                MaintenanceBracket(one.notional_cap_usd, one.maintenance_margin_rate, one.cumulative_usd)
                for one in pair.brackets
            ),
        )

    @property
    def symbol(self) -> str:
        """Its name."""
        return self.pair.symbol

    def price(self, price: Decimal) -> Decimal:
        """The same price with the decimals that the exchange writes."""
        return price.quantize(self.price_unit)

    def quantity(self, quantity: Decimal) -> Decimal:
        """The same quantity with the decimals that the exchange writes."""
        return quantity.quantize(self.quantity_unit)

    def bracket(self, notional_usd: Decimal) -> LeverageBracket:
        """The bracket of a notional."""
        return self.pair.brackets[bracket_index(notional_usd, self.maintenance)]

    def maintenance_margin(self, notional_usd: Decimal) -> Decimal:
        """Maintenance margin of a notional, USDT.

        Formula: notional x rate - cumulative
        """
        bracket = self.bracket(notional_usd)
        return notional_usd * bracket.maintenance_margin_rate - bracket.cumulative_usd

    @property
    def highest_leverage(self) -> int:
        """That of the first bracket."""
        return self.pair.brackets[0].initial_leverage

    def largest_notional(self, leverage: int) -> Decimal:
        """The largest notional that `leverage` allows, USDT."""
        return max(one.notional_cap_usd for one in self.pair.brackets if one.initial_leverage >= leverage)

    def liquidation_price(
        self, direction: int, entry_price: Decimal, quantity: Decimal, margin_usd: Decimal
    ) -> Decimal:
        """See `hydra.ledger.liquidation.liquidation_price`."""
        return liquidation_price(direction, entry_price, quantity, margin_usd, self.maintenance)
