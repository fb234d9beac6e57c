"""The cost model: fees, spread and slippage of paper fills, in basis points.

Fees are those of a regular user without discount. Spreads and slippages are conservative assumptions for
orders of at most 10,000 USDT. A run may have other costs (`CostParameters`). Raise COST_MODEL_VERSION with
every change: runs, labels and reports record it.
Source: docs/practice.md (costs); C33, C126.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Final

from hydra.bounds import Bps, CostFactor, SpreadBps
from hydra.ledger.amounts import Amount, Amounts

COST_MODEL_VERSION: Final = "3"
MAKER_FEE_BPS: Final = Decimal(2)
TAKER_FEE_BPS: Final = Decimal(5)


@dataclass(frozen=True, slots=True)
class PairCosts:
    """Costs of one pair in basis points of the notional.

    spread_bps: the whole model spread. A market order pays half of `taker_spread_bps`, and slippage_bps.
    """

    spread_bps: Decimal
    slippage_bps: Decimal
    maker_fee_bps: Decimal = MAKER_FEE_BPS
    taker_fee_bps: Decimal = TAKER_FEE_BPS
    taker_spread_factor: Decimal = Decimal(1)

    @property
    def taker_spread_bps(self) -> Decimal:
        """The whole spread for market orders."""
        return self.spread_bps * self.taker_spread_factor


def _costs(spread_bps: str, slippage_bps: str) -> PairCosts:
    return PairCosts(Decimal(spread_bps), Decimal(slippage_bps))


PAIR_COSTS: Final[dict[str, PairCosts]] = {
    "BTC": _costs("0.5", "1"),
    "ETH": _costs("0.5", "1"),
    "SOL": _costs("1", "2"),
    "BNB": _costs("1", "2"),
    "ADA": _costs("2", "3"),
    "XRP": _costs("1", "2"),
    "LTC": _costs("2", "3"),
    "DOGE": _costs("2", "3"),
}


def _by_pair(column: str) -> Callable[[], dict[str, Decimal]]:
    read = attrgetter(column)
    return lambda: {base: read(costs) for base, costs in PAIR_COSTS.items()}


@dataclass(frozen=True, slots=True)
class CostParameters:
    """The costs of a run in basis points: fees of all pairs; spread and slippage by base name.

    taker_spread_factor: widens the spread of market orders only, so that a stress of the spread does not
    improve resting orders.
    """

    maker_fee_bps: Bps = MAKER_FEE_BPS
    taker_fee_bps: Bps = TAKER_FEE_BPS
    taker_spread_factor: CostFactor = Decimal(1)
    spread_bps: dict[str, SpreadBps] = field(default_factory=_by_pair("spread_bps"))
    slippage_bps: dict[str, Bps] = field(default_factory=_by_pair("slippage_bps"))

    def of(self, base: str) -> PairCosts:
        """The costs of one pair.

        Raises:
            KeyError: it is not in the cost model.
        """
        return PairCosts(
            self.spread_bps[base],
            self.slippage_bps[base],
            self.maker_fee_bps,
            self.taker_fee_bps,
            self.taker_spread_factor,
        )


def cost_version(costs: CostParameters) -> str:
    """COST_MODEL_VERSION; with a hash of the costs behind it where they are not the model's own."""
    if costs == CostParameters():
        return COST_MODEL_VERSION
    return f"{COST_MODEL_VERSION}-{hashlib.sha256(repr(costs).encode()).hexdigest()[:8]}"


def fee_usd(notional_usd: Amounts, fee_bps: Amounts) -> Amounts:
    """Fee of a fill, USDT, positive: cost.

    Formula: notional x fee bps / 10,000
    Source: docs/practice.md (costs: maker 0.02 %, taker 0.05 %).
    """
    return notional_usd * fee_bps / 10_000


def half_spread(price: Amounts, spread_bps: Amounts) -> Amounts:
    """Distance of the model's best bid and ask from the last price, quote units.

    Formula: price x spread bps / 20,000
    Source: C126 (best bid, ask = close -+ half the model spread).
    """
    return price * spread_bps / 20_000


def taker_price(price: Amounts, order_direction: int, spread_bps: Amounts, slippage_bps: Amounts) -> Amounts:
    """The fill price of a market order: half the spread and the slippage worse than `price`.

    order_direction: +1 buy, -1 sell.

    Formula: price x (1 + direction x (spread / 2 + slippage) / 10,000)
    Source: docs/practice.md (costs); C126.
    """
    worse = half_spread(price, spread_bps) + price * slippage_bps / 10_000
    return price + order_direction * worse


def round_trip_cost(costs: PairCosts) -> Decimal:
    """Fraction of the notional that a maker entry and a stop by market order cost together.

    Formula: (maker fee + taker fee + spread / 2 + slippage) / 10,000
    Source: docs/practice.md (costs); C33.
    """
    fees = costs.maker_fee_bps + costs.taker_fee_bps
    return (fees + costs.taker_spread_bps / 2 + costs.slippage_bps) / 10_000


def funding_payment(direction: int, quantity: Amount, mark_price: Amount, rate: Amount) -> Amount:
    """Cash effect of a settlement on a position that is open then, USDT; positive is received.

    direction: +1 LONG, -1 SHORT. rate: the settled rate per interval, not scaled to 8 h.

    Formula: -side x quantity x mark x rate
    Source: docs/practice.md (costs: funding); C126.
    """
    return -direction * quantity * mark_price * rate
