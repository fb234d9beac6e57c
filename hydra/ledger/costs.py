"""The one cost model (law 7): fees, and the spread and slippage that paper fills pay. In basis points.

Fees are those of a regular user without discount (practice.md 3.6). The spreads and slippages are stated
assumptions on the careful side, for orders of at most 10,000 USDT; a connected book replaces them.
Raise COST_MODEL_VERSION with every change: runs, labels and reports name it.
Source: practice.md 3.6; C33, C126.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hydra.ledger.amounts import Amount

COST_MODEL_VERSION: Final = "2"


@dataclass(frozen=True, slots=True)
class PairCosts:
    """Costs of one pair in basis points of the notional.

    spread_bps is the whole model spread; half of it is paid on each taker fill, beside slippage_bps.
    """

    spread_bps: Decimal
    slippage_bps: Decimal
    maker_fee_bps: Decimal = Decimal(2)
    taker_fee_bps: Decimal = Decimal(5)


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


def fee_usd(notional_usd: Amount, fee_bps: Amount) -> Amount:
    """Fee of a fill, USDT, positive: cost.

    Formula: notional x fee bps / 10,000
    Source: practice.md 3.6 (maker 0.02 %, taker 0.05 %).
    """
    return notional_usd * fee_bps / 10_000


def half_spread(price: Amount, spread_bps: Amount) -> Amount:
    """Distance of the model touch from the last price, quote units.

    Formula: price x spread bps / 20,000
    Source: C126 (touch = close -+ half the model spread).
    """
    return price * spread_bps / 20_000


def taker_price(price: Amount, order_direction: int, spread_bps: Amount, slippage_bps: Amount) -> Amount:
    """What a market order gets: half the spread and the slippage worse than `price`.

    order_direction: +1 buy, -1 sell.

    Formula: price x (1 + direction x (spread / 2 + slippage) / 10,000)
    Source: practice.md 3.6; C126.
    """
    worse = half_spread(price, spread_bps) + price * slippage_bps / 10_000
    return price + order_direction * worse


def round_trip_cost(costs: PairCosts) -> Decimal:
    """Fraction of the notional that a maker entry and a stop by market order cost together.

    Formula: (maker fee + taker fee + spread / 2 + slippage) / 10,000
    Source: practice.md 3.6; C33.
    """
    fees = costs.maker_fee_bps + costs.taker_fee_bps
    return (fees + costs.spread_bps / 2 + costs.slippage_bps) / 10_000


def funding_payment(direction: int, quantity: Amount, mark_price: Amount, rate: Amount) -> Amount:
    """Cash effect of one settlement, USDT, positive: received. Only if the position is open at that instant.

    direction: +1 LONG, -1 SHORT. rate: the settled rate per interval, not scaled to 8 h.

    Formula: -side x quantity x mark x rate
    Source: practice.md 3.6 (funding); C126.
    """
    return -direction * quantity * mark_price * rate
