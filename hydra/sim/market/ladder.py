"""The positions of one side as a ladder of liquidation prices.

A cohort is the contracts opened at one price with one leverage. After that only its liquidation price
matters, so contracts are summed by the logarithm of that price: in bins of 0.2 %, in a ring of 512 bins (51 %
to either side of the price).
"""

import math
from typing import Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.sim.market.compiled import compiled

LADDER_BINS: Final = 512
_BIN_WIDTH: Final = 0.002
LONG: Final = 0
SHORT: Final = 1
# Smaller amounts are closed, so that the ladder never holds denormal numbers.
_DUST: Final = 1e-9
# Distance from entry to liquidation (1 / leverage - maintenance margin): leverage 65 down to 2.6.
_DISTANCE: Final = 0.38 * 0.785 ** np.arange(15.0, -1.0, -1.0)
_RUSHED_FROM: Final = 0.013
_RUSHED_TO: Final = 0.05
# Share of new contracts by distance: usually most leverage is low; in a rush it is 18 to 55.
_ORDINARY: Final = np.append(0.2 * _DISTANCE[:-1], 1.0 - 0.2 * _DISTANCE[:-1].sum())
_IN_REACH: Final = np.where((_DISTANCE > _RUSHED_FROM) & (_DISTANCE < _RUSHED_TO), 1.0, 0.0)
_RUSHED: Final = _IN_REACH / _IN_REACH.sum()
# Entries of a minute are spread over three bins.
_SPREAD: Final = np.array([0.25, 0.50, 0.25])


@compiled
def bin_of(log_price: float) -> int:
    """The absolute number of the bin of a log price."""
    return math.floor(log_price / _BIN_WIDTH)


@compiled
def _deposit(ladder: Floats, side: int, log_price: float, edge: int, amounts: Floats) -> None:
    for place in range(len(_DISTANCE)):
        distance = _DISTANCE[place]
        if side == LONG:
            centre = bin_of(log_price + math.log(1.0 - distance))
        else:
            centre = bin_of(log_price + math.log(1.0 + distance))
        for offset in range(3):
            target = centre + offset - 1
            target = min(target, edge) if side == LONG else max(target, edge)
            ladder[target % LADDER_BINS] += amounts[place] * _SPREAD[offset]


@compiled
def deposit(ladder: Floats, side: int, log_price: float, edge: int, contracts: float) -> None:
    """Open `contracts` at this price with the usual mix of leverage."""
    _deposit(ladder, side, log_price, edge, contracts * _ORDINARY)


@compiled
def deposit_rushed(ladder: Floats, side: int, log_price: float, edge: int, contracts: float) -> None:
    """Open `contracts` at this price with the high leverage of a rush."""
    _deposit(ladder, side, log_price, edge, contracts * _RUSHED)


@compiled
def close_share(ladder: Floats, keep: float) -> float:
    """Keep the share `keep` of every cohort. Returns the contracts that are left, base units."""
    # Four sums, because a single one would wait for each addition.
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for place in range(LADDER_BINS):
        kept = ladder[place] * keep
        ladder[place] = kept if kept >= _DUST else 0.0
    for place in range(0, LADDER_BINS, 4):
        first += ladder[place]
        second += ladder[place + 1]
        third += ladder[place + 2]
        fourth += ladder[place + 3]
    return first + second + third + fourth


@compiled
def liquidate(ladder: Floats, side: int, edges: Integers, log_mark: float) -> float:
    """Clear the bins that the mark price has passed. Returns the liquidated contracts, base units."""
    reached, forced = bin_of(log_mark), 0.0
    first, beyond = (reached + 1, edges[side] + 1) if side == LONG else (edges[side], reached)
    for place in range(first, min(beyond, first + LADDER_BINS)):
        forced += ladder[place % LADDER_BINS]
        ladder[place % LADDER_BINS] = 0.0
    edges[side] = reached
    return forced
