"""The output arrays of a stretch: written by the inner loop, read by the frames.

Prices are in ticks and quantities in quantity steps, so that both lie exactly on the exchange's grids.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.sim.market.compiled import compiled
from hydra.sim.market.participants import imbalance, open_interest
from hydra.sim.market.random_numbers import normal
from hydra.sim.market.roster import PairNumbers
from hydra.sim.market.settings import STEPS_PER_MINUTE
from hydra.sim.market.state import (
    AGITATION,
    FAST_PREMIUM,
    LOG_MARK,
    LOG_PRICE,
    PREDICTED_RATE,
    SETTLED_RATE,
    SLOW_PREMIUM,
    TAKER_BUY,
    TAKER_SELL,
    MarketState,
)

# Columns of MinuteValues.values: ticks, quantity steps and their products unless said otherwise.
OPEN: Final = 0
HIGH: Final = 1
LOW: Final = 2
CLOSE: Final = 3
VOLUME: Final = 4
QUOTE: Final = 5
COUNT: Final = 6
BUY: Final = 7
BUY_QUOTE: Final = 8
MARK_OPEN: Final = 9
MARK_HIGH: Final = 10
MARK_LOW: Final = 11
MARK_CLOSE: Final = 12
CONTRACTS: Final = 13
RATE: Final = 14  # fraction; NaN where the minute's end settles nothing
PREDICTED: Final = 15  # fraction
ACCOUNTS: Final = 16  # ratio
TOP_ACCOUNTS: Final = 17  # ratio
TOP_POSITIONS: Final = 18  # ratio
TAKERS: Final = 19  # ratio; NaN off the five-minute grid
INDEX: Final = 20
MINUTE_COLUMNS: Final = 21

TRADES_PER_STEP: Final = 4
_ACCOUNT_STREAM: Final = 50
_TOP_STREAM: Final = 51
_POSITION_STREAM: Final = 52


class MarketStep(NamedTuple):
    """A step: log prices at both ends, contracts bought and sold by takers, contracts liquidated."""

    before: float
    after: float
    bought: float
    sold: float
    forced_longs: float
    forced_shorts: float


class MinuteValues(NamedTuple):
    """values: (minutes, pairs, MINUTE_COLUMNS)."""

    values: Floats


class Forced(NamedTuple):
    """Forced orders: quantity steps (steps, pairs, side) and price in ticks (steps, pairs)."""

    quantity: Integers
    price: Integers


class Detail(NamedTuple):
    """By step, for books, polls and trades; without rows if not requested.

    price, contracts: (steps, pairs). agitation: volatility as a multiple of the usual one. tilt: taker buys
    less sells over their sum. trade_price, trade_quantity: (steps, pairs, 4), a sale is negative.
    """

    price: Integers
    contracts: Integers
    agitation: Floats
    tilt: Floats
    trade_price: Integers
    trade_quantity: Integers


def empty_outputs(
    minutes: int, pairs: int, *, detailed: bool, traded: bool
) -> tuple[MinuteValues, Forced, Detail]:
    """Outputs of the right size, all zero."""
    steps = minutes * STEPS_PER_MINUTE
    rows, trade_rows = (steps if detailed else 0), (steps if traded else 0)
    detail = Detail(
        np.zeros((rows, pairs), dtype=np.int64),
        np.zeros((rows, pairs), dtype=np.int64),
        np.zeros((rows, pairs)),
        np.zeros((rows, pairs)),
        np.zeros((trade_rows, pairs, TRADES_PER_STEP), dtype=np.int64),
        np.zeros((trade_rows, pairs, TRADES_PER_STEP), dtype=np.int64),
    )
    forced = Forced(np.zeros((steps, pairs, 2), dtype=np.int64), np.zeros((steps, pairs), dtype=np.int64))
    return MinuteValues(np.zeros((minutes, pairs, MINUTE_COLUMNS))), forced, detail


@compiled
def _ticks(log_price: float, ticks_per_unit: float) -> int:
    return max(round(math.exp(log_price) * ticks_per_unit), 20)


@compiled
def _fill(values: Floats, price: int, quantity: int) -> None:
    """Add one trade to the minute's candle; a negative quantity is a taker's sale."""
    size = abs(quantity)
    if values[COUNT] == 0:
        values[OPEN] = values[HIGH] = values[LOW] = price
    values[HIGH], values[LOW] = max(values[HIGH], price), min(values[LOW], price)
    values[CLOSE] = price
    values[VOLUME] += size
    values[QUOTE] += float(size) * price
    values[COUNT] += 1
    if quantity > 0:
        values[BUY] += size
        values[BUY_QUOTE] += float(size) * price


@compiled
def _trade(values: Floats, detail: Detail, place: tuple[int, int, int], price: int, quantity: int) -> None:
    _fill(values, price, quantity)
    if len(detail.trade_price) > 0:
        detail.trade_price[place] = price
        detail.trade_quantity[place] = quantity


@compiled
def _trades_of(
    values: Floats,
    detail: Detail,
    place: tuple[int, int],
    path: tuple[int, int, int, int],
    sizes: tuple[int, int],
) -> None:
    """The four trades of a step: at its start, at both extremes, at its end.

    place: (pair, step). path: ticks at start, low, high, end. sizes: quantity steps bought and sold, both
    at least 2. A rising step touches its low first.
    """
    pair, step = place
    start, low, high, end = path
    bought, sold = sizes
    if end >= start:
        _trade(values, detail, (step, pair, 0), start, -(sold // 2))
        _trade(values, detail, (step, pair, 1), low, sold // 2 - sold)
        _trade(values, detail, (step, pair, 2), high, bought // 2)
        _trade(values, detail, (step, pair, 3), end, bought - bought // 2)
    else:
        _trade(values, detail, (step, pair, 0), start, bought // 2)
        _trade(values, detail, (step, pair, 1), high, bought - bought // 2)
        _trade(values, detail, (step, pair, 2), low, -(sold // 2))
        _trade(values, detail, (step, pair, 3), end, sold // 2 - sold)


@compiled
def _mark(values: Floats, ticks: int, opens: bool) -> None:
    if opens:
        values[MARK_OPEN] = values[MARK_HIGH] = values[MARK_LOW] = ticks
    values[MARK_HIGH], values[MARK_LOW] = max(values[MARK_HIGH], ticks), min(values[MARK_LOW], ticks)
    values[MARK_CLOSE] = ticks


@compiled
def record_step(
    numbers: PairNumbers,
    state: MarketState,
    place: tuple[int, int],
    step: MarketStep,
    wicks: tuple[float, float],
    outputs: tuple[MinuteValues, Forced, Detail],
) -> None:
    """Add a step to the minute, the forced orders and the detail. place: (pair, step of the stretch)."""
    pair, number = place
    minutes, forced, detail = outputs
    row, scale, units = state.pair[pair], numbers.ticks_per_unit[pair], numbers.steps_per_unit[pair]
    values = minutes.values[number // STEPS_PER_MINUTE, pair]
    start, end = _ticks(step.before, scale), _ticks(step.after, scale)
    high = max(start, end) + round(end * wicks[0])
    low = min(start, end) - round(end * wicks[1])
    longs, shorts = round(step.forced_longs * units), round(step.forced_shorts * units)
    bought, sold = max(int(step.bought * units), shorts, 2), max(int(step.sold * units), longs, 2)
    _trades_of(values, detail, place, (start, low, high, end), (bought, sold))
    _mark(values, _ticks(row[LOG_MARK], scale), number % STEPS_PER_MINUTE == 0)
    forced.quantity[number, pair, 0], forced.quantity[number, pair, 1] = longs, shorts
    forced.price[number, pair] = (start + end) // 2
    if len(detail.price) > 0:
        detail.price[number, pair] = end
        detail.contracts[number, pair] = round(open_interest(row) * units)
        detail.agitation[number, pair] = row[AGITATION]
        detail.tilt[number, pair] = (bought - sold) / (bought + sold)


@compiled
def _ratio(seed: int, stream: int, pair: int, minute: int, log_ratio: float) -> float:
    """exp(log_ratio) with 3 % noise, to four decimals as on the exchange."""
    noisy = math.exp(log_ratio + 0.03 * normal(seed, stream, pair, minute))
    return max(round(noisy * 1e4), 1.0) / 1e4


@compiled
def record_minute(
    seed: int,
    numbers: PairNumbers,
    state: MarketState,
    place: tuple[int, int, int],
    settles: bool,
    minutes: MinuteValues,
) -> None:
    """Write the values at the end of a minute. place: (pair, minute of the stretch, end since 1970)."""
    pair, minute, end = place
    row, values = state.pair[pair], minutes.values[minute, pair]
    lean = imbalance(row)
    values[CONTRACTS] = round(open_interest(row) * numbers.steps_per_unit[pair])
    values[RATE] = row[SETTLED_RATE] if settles else np.nan
    values[PREDICTED] = row[PREDICTED_RATE]
    index = row[LOG_PRICE] - row[SLOW_PREMIUM] - row[FAST_PREMIUM]
    values[INDEX] = _ticks(index, numbers.ticks_per_unit[pair])
    values[ACCOUNTS] = _ratio(seed, _ACCOUNT_STREAM, pair, end, 7.0 * lean)
    values[TOP_ACCOUNTS] = _ratio(seed, _TOP_STREAM, pair, end, 4.5 * lean)
    values[TOP_POSITIONS] = _ratio(seed, _POSITION_STREAM, pair, end, 2.5 * lean)
    row[TAKER_BUY] += values[BUY]
    row[TAKER_SELL] += values[VOLUME] - values[BUY]
    values[TAKERS] = np.nan
    if end % 5 == 0:
        values[TAKERS] = round(1e4 * row[TAKER_BUY] / row[TAKER_SELL]) / 1e4
        row[TAKER_BUY] = row[TAKER_SELL] = 0.0
