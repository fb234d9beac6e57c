"""Order books of market makers: tight and deep in a calm market, wide and thin in a volatile one."""

from typing import Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.sim.market.compiled import compiled
from hydra.sim.market.outputs import Detail
from hydra.sim.market.random_numbers import uniform
from hydra.sim.market.roster import PairNumbers
from hydra.sim.market.settings import STEPS_PER_MINUTE

LEVELS: Final = 20
_SPREAD_STREAM: Final = 200
_SIZE_STREAM: Final = 210
# Size of a level as a share of the open interest, and its growth per level.
_LEVEL_SHARE: Final = 0.00004
_GROWTH_PER_LEVEL: Final = 0.15
_ORDINARY_SPREAD: Final = 0.00004
_WIDENING: Final = 0.7


@compiled
def _spread_ticks(seed: int, pair: int, moment: int, price: int, agitation: float) -> int:
    widened = _ORDINARY_SPREAD * (1.0 + _WIDENING * max(agitation - 1.0, 0.0))
    return max(round(price * widened * (0.5 + uniform(seed, _SPREAD_STREAM, pair, moment))), 1)


@compiled
def fill_books(
    seed: int, first_minute: int, steps: Integers, numbers: PairNumbers, detail: Detail
) -> tuple[Floats, Floats]:
    """Books after the given steps of a stretch.

    Returns prices in ticks and quantities in quantity steps, each (steps, pairs, 2, LEVELS), best first,
    side 0 bids. The last traded price lies within the spread.
    """
    pairs = detail.price.shape[1]
    prices = np.empty((len(steps), pairs, 2, LEVELS))
    sizes = np.empty((len(steps), pairs, 2, LEVELS))
    for row in range(len(steps)):
        for pair in range(pairs):
            step = steps[row]
            moment = first_minute * STEPS_PER_MINUTE + step
            last, agitation = detail.price[step, pair], detail.agitation[step, pair]
            spread = _spread_ticks(seed, pair, moment, last, agitation)
            gap = max(spread // 4, 1)
            lean = 0.4 * detail.tilt[step, pair]
            shelf = (
                numbers.contracts[pair] * numbers.steps_per_unit[pair] * _LEVEL_SHARE / max(agitation, 0.5)
            )
            for side in range(2):
                sign = -1.0 if side == 0 else 1.0
                best = last - spread // 2 if side == 0 else last - spread // 2 + spread
                for level in range(LEVELS):
                    prices[row, pair, side, level] = max(best + sign * level * gap, 1)
                    drawn = 0.3 + 1.4 * uniform(seed, _SIZE_STREAM + side * LEVELS + level, pair, moment)
                    size = shelf * (1.0 + _GROWTH_PER_LEVEL * level) * drawn * (1.0 - sign * lean)
                    sizes[row, pair, side, level] = max(round(size), 1.0)
    return prices, sizes
