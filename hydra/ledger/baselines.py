"""Baselines: always flat, buy and hold, random sides.

Source: docs/practice.md (reporting, costs).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hydra.arrays import Floats
from hydra.ledger.costs import PairCosts, fee_usd, funding_payment, taker_price
from hydra.ledger.positions import net_profit, price_profit

ALWAYS_FLAT_NET_USD: Final = 0.0
"""Net result of a run without a trade."""

_DRAWS: Final = 2_000
_SEED: Final = 20_250_601
_LOW, _HIGH = 0.025, 0.975
_TIE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class HeldPair:
    """A pair over the period: first and last price in quote units, and its settlements.

    settled_marks, settled_rates: mark price and rate, (settlements,). settled_seconds: time, seconds since
    1970.
    """

    base: str
    costs: PairCosts
    first_price: float
    last_price: float
    settled_marks: Floats
    settled_rates: Floats
    settled_seconds: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Net result of holding, USDT: in total, by pair, and as a fraction of the balance."""

    net_usd: float
    net_usd_by_base: dict[str, float]
    total_return: float


def buy_and_hold(pairs: Sequence[HeldPair], balance_usd: float) -> BuyAndHold | None:
    """Buy every pair for an equal part of the balance, unlevered, at market; sell at the last price.

    Entry and exit pay taker fee, half the spread and slippage; longs pay or receive funding. None without
    pairs.
    """
    if not pairs:
        return None
    by_base = {pair.base: hold_net_usd(pair, balance_usd / len(pairs)) for pair in pairs}
    net = sum(by_base.values())
    return BuyAndHold(net, by_base, net / balance_usd)


def hold_net_usd(pair: HeldPair, notional_usd: float) -> float:
    """Net result of one pair bought for `notional_usd` and held to the end, USDT.

    Formula: quantity x (exit - entry) - taker fees + funding, quantity = notional / entry
    Source: docs/practice.md (costs, reporting); C126 (spread and slippage).
    """
    quantity, entry, entry_fee = _bought(pair, notional_usd)
    spread, slippage = float(pair.costs.taker_spread_bps), float(pair.costs.slippage_bps)
    leave = taker_price(pair.last_price, -1, spread, slippage)
    fees = entry_fee + fee_usd(quantity * leave, float(pair.costs.taker_fee_bps))
    return net_profit(price_profit(1, quantity, quantity * entry, leave), fees, sum(_funding(pair, quantity)))


def hold_path_usd(pair: HeldPair, notional_usd: float, seconds: Floats, closes: Floats) -> Floats:
    """The net result of `hold_net_usd` so far at each of `closes`, before the exit's costs, USDT, (n,).

    seconds: since 1970, (n,); closes: the prices at these times, quote units, (n,).

    Formula: quantity x (close - entry) - entry fee + funding so far, quantity = notional / entry
    Source: docs/practice.md (costs, reporting); C126 (spread and slippage).
    """
    quantity, entry, fee = _bought(pair, notional_usd)
    funding = np.cumsum([0.0, *_funding(pair, quantity)])
    received = funding[np.searchsorted(pair.settled_seconds, seconds, side="right")]
    path: Floats = quantity * (closes - entry) - fee + received
    return path


def _bought(pair: HeldPair, notional_usd: float) -> tuple[float, float, float]:
    """(quantity, price, fee in USDT) of a pair bought at market."""
    costs = pair.costs
    price = taker_price(pair.first_price, 1, float(costs.taker_spread_bps), float(costs.slippage_bps))
    return notional_usd / price, price, fee_usd(notional_usd, float(costs.taker_fee_bps))


def _funding(pair: HeldPair, quantity: float) -> list[float]:
    """Cash effect of every settlement, USDT."""
    settled = zip(pair.settled_marks, pair.settled_rates, strict=True)
    return [funding_payment(1, quantity, float(mark), float(rate)) for mark, rate in settled]


@dataclass(frozen=True, slots=True)
class RandomSide:
    """Net results with a random side for every trade, USDT: mean (exact), inner 95 % of the draws.

    rank: share of the draws below the actual result, ties count half; 0.5 is no better than random.
    """

    trades: int
    draws: int
    mean_usd: float
    low_usd: float
    high_usd: float
    rank: float


def random_side(
    net_usd: Floats, opposite_net_usd: Floats, draws: int = _DRAWS, seed: int = _SEED
) -> RandomSide | None:
    """The actual result compared with the same trades on random sides; None without trades.

    net_usd: of each trade. opposite_net_usd: of its other side, simulated with the same barriers and costs
    (or `mirrored_net_usd`). Both (n,).

    Formula: for every draw the sum over trades of the net result of a random side
    Source: docs/practice.md (reporting: random side with the same times).
    """
    if not net_usd.size:
        return None
    is_kept = np.random.default_rng(seed).integers(2, size=(draws, len(net_usd)), dtype=np.bool_)
    drawn = opposite_net_usd.sum() + is_kept @ (net_usd - opposite_net_usd)
    low, high = np.quantile(drawn, (_LOW, _HIGH), method="inverted_cdf")
    above = net_usd.sum() - drawn
    tie = _TIE * (np.abs(net_usd).sum() + np.abs(opposite_net_usd).sum())
    return RandomSide(
        trades=len(net_usd),
        draws=draws,
        mean_usd=float((net_usd + opposite_net_usd).sum() / 2),
        low_usd=float(low),
        high_usd=float(high),
        rank=float(np.mean((above > tie) + 0.5 * (np.abs(above) <= tie))),
    )


def mirrored_net_usd(gross_usd: Floats, costs_usd: Floats, funding_usd: Floats) -> Floats:
    """Net result of the other side, closed at the same time: an approximation, its exits would differ.

    costs_usd: positive. funding_usd: positive is received. All (n,).

    Formula: -gross - costs - funding
    Source: docs/practice.md (reporting: random side with the same times).
    """
    return -gross_usd - costs_usd - funding_usd
