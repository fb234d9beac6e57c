"""Once a minute: the positions that participants open and close, and the funding rate."""

import math
from typing import Final

from hydra.arrays import Floats
from hydra.sim.market.compiled import compiled
from hydra.sim.market.ladder import LONG, SHORT, close_share, deposit, deposit_rushed
from hydra.sim.market.random_numbers import normal
from hydra.sim.market.roster import PairNumbers
from hydra.sim.market.scenarios import Drives
from hydra.sim.market.state import (
    GROWTH,
    LOG_PRICE,
    LONGS,
    LONGS_TO_CLOSE,
    MOMENTUM,
    OWN_LOG_VARIANCE,
    PREDICTED_RATE,
    PREMIUM_SUM,
    PREMIUM_WEIGHT,
    REST_RATE,
    SENTIMENT,
    SETTLED_RATE,
    SHORTS,
    MarketState,
)

SETTLEMENT_MINUTES: Final = 480
_SENTIMENT_STREAM: Final = 1
_GROWTH_STREAM: Final = 2
_VARIANCE_STREAM: Final = 3
# Ornstein-Uhlenbeck processes: (standard deviation at rest, reversion a minute).
_SENTIMENT: Final = (0.05, 0.0007)
_GROWTH: Final = (0.03, 0.001)
_VARIANCE: Final = (0.6, 0.004)
# Share of every side that is closed and opened anew each minute (5 % an hour).
_TURNOVER: Final = 0.0008
# Share of the wanted change that a side makes in a minute.
_ADJUSTMENT: Final = 1 / 60
# Momentum chasers: share of a side a minute for each standard deviation of the 15-minute move.
_CHASE: Final = 0.00002
_MOMENTUM_LIMIT: Final = 4.0
# Share of the net contracts that is bought with market orders; the rest fills resting orders.
_AGGRESSIVE: Final = 0.15
# Carry traders: share of the open interest sold a minute at a predicted rate of 0.1 %.
_CARRY: Final = 0.00006
_RATE_BAND: Final = 0.0005
_IMBALANCE_LIMIT: Final = 0.6
_MOST_CLOSED: Final = 0.2
# From this imbalance on, a crowd replaces the sentiment.
_FULL_CROWD: Final = 0.1


@compiled
def reverting(value: float, deviation: float, reversion: float, shock: float) -> float:
    """One step of an Ornstein-Uhlenbeck process. deviation: its standard deviation at rest."""
    return value * (1.0 - reversion) + deviation * math.sqrt(2.0 * reversion) * shock


@compiled
def drift_moods(seed: int, pair: int, minute: int, row: Floats) -> None:
    """Move sentiment, growth of open interest and the pair's own variance by one minute."""
    shock = normal(seed, _SENTIMENT_STREAM, pair, minute)
    row[SENTIMENT] = reverting(row[SENTIMENT], _SENTIMENT[0], _SENTIMENT[1], shock)
    shock = normal(seed, _GROWTH_STREAM, pair, minute)
    row[GROWTH] = reverting(row[GROWTH], _GROWTH[0], _GROWTH[1], shock)
    shock = normal(seed, _VARIANCE_STREAM, pair, minute)
    row[OWN_LOG_VARIANCE] = reverting(row[OWN_LOG_VARIANCE], _VARIANCE[0], _VARIANCE[1], shock)


@compiled
def _wanted_change(numbers: PairNumbers, pair: int, row: Floats, crowd: float, side: int) -> float:
    """Contracts that the side adds in this minute (negative: closes), without momentum chasers."""
    swayed = min(abs(crowd) / _FULL_CROWD, 1.0)
    lean = min(max(row[SENTIMENT] * (1.0 - swayed) + crowd, -_IMBALANCE_LIMIT), _IMBALANCE_LIMIT)
    share = (1.0 + lean) if side == LONG else (1.0 - lean)
    wanted = numbers.contracts[pair] * math.exp(row[GROWTH] + 0.5 * abs(crowd)) * share
    change: float = (wanted - row[LONGS + side]) * _ADJUSTMENT
    return change


@compiled
def trade_side(
    numbers: PairNumbers, state: MarketState, drives: Drives, place: tuple[int, int], side: int
) -> float:
    """One side closes and opens positions for a minute. Returns the net contracts opened, base units.

    place: (minute of the stretch, pair).
    """
    minute, pair = place
    row, ladder = state.pair[pair], state.ladders[pair, side]
    sign = 1.0 if side == LONG else -1.0
    held, edge = row[LONGS + side], state.edges[pair, side]
    change = _wanted_change(numbers, pair, row, drives.crowd[minute, pair], side)
    momentum = sign * row[MOMENTUM] / (numbers.volatility[pair] * math.sqrt(180.0))
    chasing = _CHASE * held * min(max(momentum, 0.0), _MOMENTUM_LIMIT)
    rushing = numbers.contracts[pair] * max(sign * drives.rush[minute, pair], 0.0)
    if rushing > 0.0:
        change = max(change, 0.0)
    closing = min(_TURNOVER * held + max(-change, 0.0), _MOST_CLOSED * held)
    matched = min(row[LONGS_TO_CLOSE + side], _MOST_CLOSED * held)
    row[LONGS_TO_CLOSE + side] = 0.0
    left = close_share(ladder, 1.0 - (closing + matched) / held) if held > 0.0 else 0.0
    opening = _TURNOVER * held + max(change, 0.0)
    deposit(ladder, side, row[LOG_PRICE], edge, opening)
    deposit_rushed(ladder, side, row[LOG_PRICE], edge, chasing + rushing)
    row[LONGS + side] = left + opening + chasing + rushing
    opened: float = opening + chasing + rushing - closing
    return opened


@compiled
def aggressive_flow(
    numbers: PairNumbers, state: MarketState, drives: Drives, place: tuple[int, int]
) -> float:
    """Both sides trade. Returns the net contracts bought at market in this minute, base units."""
    pair = place[1]
    bought = trade_side(numbers, state, drives, place, LONG)
    bought -= trade_side(numbers, state, drives, place, SHORT)
    carry = _CARRY * (state.pair[pair, PREDICTED_RATE] - REST_RATE) / 0.001
    carry = min(max(carry, -5 * _CARRY), 5 * _CARRY) * numbers.contracts[pair]
    flow: float = _AGGRESSIVE * bought - carry
    return flow


@compiled
def imbalance(row: Floats) -> float:
    """(longs - shorts)/(longs + shorts) of the leveraged cohorts, -1..1."""
    lean: float = (row[LONGS] - row[SHORTS]) / max(row[LONGS] + row[SHORTS], 1e-12)
    return lean


@compiled
def open_interest(row: Floats) -> float:
    """Open interest, base units: the larger side; makers and carry traders hold the difference."""
    contracts: float = max(row[LONGS], row[SHORTS])
    return contracts


@compiled
def _rate(average_premium: float, cap: float) -> float:
    """Premium + clamp(interest - premium, +-0.05 %), within +-cap, to eight decimals, as on the exchange."""
    band = min(max(REST_RATE - average_premium, -_RATE_BAND), _RATE_BAND)
    return round(min(max(average_premium + band, -cap), cap) * 1e8) / 1e8


@compiled
def accrue_funding(row: Floats, premium: float, cap: float, minute_end: int) -> bool:
    """Average the premium (later minutes weigh more); True if this minute's end settles."""
    row[PREMIUM_WEIGHT] += 1.0
    row[PREMIUM_SUM] += row[PREMIUM_WEIGHT] * premium
    count = row[PREMIUM_WEIGHT]
    row[PREDICTED_RATE] = _rate(row[PREMIUM_SUM] * 2.0 / (count * (count + 1.0)), cap)
    settles = minute_end % SETTLEMENT_MINUTES == 0
    if settles:
        row[SETTLED_RATE] = row[PREDICTED_RATE]
        row[PREMIUM_SUM] = row[PREMIUM_WEIGHT] = 0.0
    return settles
