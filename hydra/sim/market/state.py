"""The state of a market between two minutes, and its form on disk."""

import io
from typing import Final, NamedTuple

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.errors import BadDataError
from hydra.sim.market.ladder import LADDER_BINS, bin_of, deposit, liquidate
from hydra.sim.market.roster import PairNumbers

# Columns of MarketState.pair.
LOG_PRICE: Final = 0
SLOW_PREMIUM: Final = 1
FAST_PREMIUM: Final = 2
SMOOTHED_PREMIUM: Final = 3
LOG_MARK: Final = 4
OWN_LOG_VARIANCE: Final = 5
AGITATION: Final = 6
SENTIMENT: Final = 7
GROWTH: Final = 8
MOMENTUM: Final = 9
LONGS: Final = 10
SHORTS: Final = 11
LONGS_TO_CLOSE: Final = 12
SHORTS_TO_CLOSE: Final = 13
PREMIUM_SUM: Final = 14
PREMIUM_WEIGHT: Final = 15
SETTLED_RATE: Final = 16
PREDICTED_RATE: Final = 17
TAKER_BUY: Final = 18
TAKER_SELL: Final = 19
PAIR_COLUMNS: Final = 20

REST_RATE: Final = 0.0001
# The first cohorts entered in the weeks before, within 8 % of the first price.
_FIRST_ENTRIES: Final = np.linspace(-0.08, 0.08, 41)


class MarketState(NamedTuple):
    """The state of a market of n pairs.

    pair (n, PAIR_COLUMNS): logs of prices, premium as fraction, contracts in base units, rates per 8 h.
    ladders (n, 2, LADDER_BINS): contracts by liquidation price; side 0 long, 1 short.
    edges (n, 2): bin of the mark price up to which each ladder has been cleared.
    trade_ids (n): the last trade id. common (1): the common factor's log variance.
    """

    pair: Floats
    ladders: Floats
    edges: Integers
    trade_ids: Integers
    common: Floats


def first_state(numbers: PairNumbers) -> MarketState:
    """The first state: longs and shorts are equal, entered around the first price."""
    count = len(numbers.contracts)
    state = MarketState(
        np.zeros((count, PAIR_COLUMNS)),
        np.zeros((count, 2, LADDER_BINS)),
        np.zeros((count, 2), dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(1),
    )
    for pair in range(count):
        _enter_first_cohorts(state, numbers, pair)
    return state


def _enter_first_cohorts(state: MarketState, numbers: PairNumbers, pair: int) -> None:
    log_price = numbers.first_log_price[pair]
    row = state.pair[pair]
    row[LOG_PRICE] = row[LOG_MARK] = log_price
    row[AGITATION] = 1.0
    row[SETTLED_RATE] = row[PREDICTED_RATE] = REST_RATE
    state.edges[pair] = bin_of(log_price)
    for side in (0, 1):
        for entry in _FIRST_ENTRIES:
            contracts = numbers.contracts[pair] / len(_FIRST_ENTRIES)
            deposit(state.ladders[pair, side], side, log_price + entry, state.edges[pair, side], contracts)
        liquidate(state.ladders[pair, side], side, state.edges[pair], log_price)
        row[LONGS + side] = state.ladders[pair, side].sum()


def to_bytes(state: MarketState, minute: int) -> bytes:
    """The state and the next minute in numpy's format (npz)."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, minute=np.int64(minute), **state._asdict())
    return buffer.getvalue()


def from_bytes(content: bytes, expected: MarketState) -> tuple[MarketState, int]:
    """The state and the next minute of `to_bytes`. expected: any state of the same market.

    Raises:
        BadDataError: not such a file, or the state of a market with other pairs.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            state = MarketState(*(arrays[name] for name in MarketState._fields))
            minute = int(arrays["minute"])
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise BadDataError(f"not a saved market state ({error}); start the market anew") from error
    for name, found, wanted in zip(MarketState._fields, state, expected, strict=True):
        if found.shape != wanted.shape or found.dtype != wanted.dtype:
            raise BadDataError(
                f"saved market state: {name} is {found.dtype}{found.shape}, this market has "
                f"{wanted.dtype}{wanted.shape}; resume with the settings that the state was saved under"
            )
    return state, minute
