"""The split of a result: price profit at the decisions' prices, each kind of cost, net result.

Source: docs/practice.md (costs, reporting); docs/architecture.md (one cost model).
"""

from dataclasses import dataclass
from decimal import Decimal

from hydra.ledger.costs import PairCosts, half_spread


def spread_paid_usd(notional_usd: Decimal, costs: PairCosts, *, is_maker: bool) -> Decimal:
    """Half the model spread that a fill paid, USDT; negative for a resting order, which earned it.

    notional_usd: at the decision's price. costs: of the run.

    Formula: taker notional x taker spread bps / 20,000, maker -notional x spread bps / 20,000
    Source: C126.
    """
    if is_maker:
        return -half_spread(notional_usd, costs.spread_bps)
    return half_spread(notional_usd, costs.taker_spread_bps)


@dataclass(frozen=True, slots=True)
class CostSplit:
    """Result and costs of closed positions, USDT. Costs are positive; funding is positive if received.

    gross_usd: price profit at the fills. spread_usd: see `spread_paid_usd`. slippage_usd: the rest of the
    difference between the decisions' prices and the fills.
    """

    gross_usd: Decimal
    maker_fees_usd: Decimal
    taker_fees_usd: Decimal
    funding_usd: Decimal
    spread_usd: Decimal
    slippage_usd: Decimal

    @property
    def at_decision_prices_usd(self) -> Decimal:
        """The profit at the decisions' prices, before any cost."""
        return self.gross_usd + self.spread_usd + self.slippage_usd

    @property
    def fees_usd(self) -> Decimal:
        return self.maker_fees_usd + self.taker_fees_usd

    @property
    def net_usd(self) -> Decimal:
        return self.gross_usd - self.fees_usd + self.funding_usd
