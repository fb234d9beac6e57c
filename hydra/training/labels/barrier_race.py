"""The compiled race of a position's barriers and its time limit over one-minute bars.

Which barrier a bar hits and at which price is decided by the functions of the paper exchange.
Source: C85, C114, C126; López de Prado 2018.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hydra.arrays import Codes, Flags, Floats, Integers
from hydra.compiled import compiled_function, made_compilable, stamp_of
from hydra.layers import layer5_paper_fills
from hydra.layers.layer5_paper_fills import BarrierHit, barrier_hit, barrier_price


class RaceBars(NamedTuple):
    """(minutes, pairs); see `MinutePrices`."""

    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    mark_opens: Floats
    mark_highs: Floats
    mark_lows: Floats
    is_played: Flags
    funding: Floats
    funding_row: Integers


class RaceEnds(NamedTuple):
    """By position. row: of the bar that ended it, -1 if a bar is missing before.

    hit: a BarrierHit, NONE: the time ran out. price: before costs, at the barrier or the last close. funding:
    paid to a long of one unit. known_row: the row at which all of it is known.
    """

    row: Integers
    hit: Codes
    price: Floats
    funding: Floats
    known_row: Integers


def _race(
    rows: Integers,
    columns: Integers,
    direction: int,
    stops: Floats,
    targets: Floats,
    horizon: int,
    bars: RaceBars,
) -> RaceEnds:
    """Positions of one direction that enter at the open of the bar after their decision's row.

    stops, targets: prices, both finite. A settlement counts if the position was open at its instant: in the
    minute of a bar after the entry's, up to the bar that ends it.
    """
    count = len(rows)
    ends = RaceEnds(
        np.full(count, -1, np.int64),
        np.zeros(count, np.int8),
        np.full(count, np.nan),
        np.zeros(count),
        np.full(count, -1, np.int64),
    )
    for place in range(count):
        column, last = columns[place], rows[place] + horizon
        if last >= len(bars.opens):
            continue
        funding, known_row = 0.0, 0
        for row in range(rows[place] + 1, last + 1):
            if not bars.is_played[row, column]:
                break
            # The bar of row r opens at minute r - 1.
            if row > rows[place] + 1 and bars.funding_row[row - 1, column] >= 0:
                funding += bars.funding[row - 1, column]
                known_row = max(known_row, bars.funding_row[row - 1, column])
            mark = (bars.mark_opens[row, column], bars.mark_highs[row, column], bars.mark_lows[row, column])
            hit = barrier_hit(direction, stops[place], targets[place], 0.0, mark)
            if hit != BarrierHit.NONE or row == last:
                price = bars.closes[row, column]
                if hit != BarrierHit.NONE:
                    level = targets[place] if hit == BarrierHit.TARGET else stops[place]
                    traded = (bars.opens[row, column], bars.highs[row, column], bars.lows[row, column])
                    price = barrier_price(direction, level, hit, traded)
                ends.row[place], ends.hit[place], ends.price[place] = row, hit.value, price
                ends.funding[place], ends.known_row[place] = funding, max(known_row, row)
                break
    return ends


@cache
def race() -> Callable[[Integers, Integers, int, Floats, Floats, int, RaceBars], RaceEnds]:
    """`_race`, compiled when first requested."""
    made_compilable(layer5_paper_fills)
    return compiled_function(_race, stamp_of([Path(__file__), Path(layer5_paper_fills.__file__)]))
