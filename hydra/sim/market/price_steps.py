"""The inner loop: twelve five-second steps a minute, from order flow to price, liquidations and trades."""

import math
from typing import Final

import numpy as np

from hydra.arrays import Floats
from hydra.sim.market.compiled import compiled
from hydra.sim.market.ladder import LONG, SHORT, bin_of, liquidate
from hydra.sim.market.outputs import Detail, Forced, MarketStep, MinuteValues, record_minute, record_step
from hydra.sim.market.participants import accrue_funding, aggressive_flow, drift_moods, imbalance, reverting
from hydra.sim.market.random_numbers import normal, uniform
from hydra.sim.market.roster import PairNumbers
from hydra.sim.market.scenarios import Drives
from hydra.sim.market.settings import STEPS_PER_MINUTE
from hydra.sim.market.state import (
    AGITATION,
    FAST_PREMIUM,
    LOG_MARK,
    LOG_PRICE,
    LONGS,
    LONGS_TO_CLOSE,
    MOMENTUM,
    OWN_LOG_VARIANCE,
    SHORTS,
    SHORTS_TO_CLOSE,
    SLOW_PREMIUM,
    SMOOTHED_PREMIUM,
    MarketState,
)

_COMMON_STREAM: Final = 10
_COMMON_VARIANCE_STREAM: Final = 11
_JUMP_STREAM: Final = 12
_JUMP_SIZE_STREAM: Final = 13
_OWN_STREAM: Final = 14
_PREMIUM_STREAM: Final = 15
_VOLUME_STREAM: Final = 16
_WICK_STREAM: Final = 40
_COMMON_VARIANCE: Final = (0.7, 0.002)
_JUMPS_PER_MINUTE: Final = 4 / 1440
_JUMP_SIZE: Final = 14.0
# Contracts that move the price by one log unit at usual depth, as a multiple of the open interest.
_DEPTH: Final = 5.0
_MOST_THINNED: Final = 1.0
_STEP_LIMIT: Final = 0.02
_AGITATION_MEMORY: Final = 1 / 60
_MOMENTUM_MEMORY: Final = 1 / 180
# Premium: response to imbalance (linear, cubic), reversion a step, noise a step.
_PREMIUM_LINEAR: Final = 0.007
_PREMIUM_CUBIC: Final = 0.10
_SLOW_REVERSION: Final = 1 / 360
_FAST_REVERSION: Final = math.log(2) / 120
_PREMIUM_NOISE: Final = 0.00001
_TRANSIENT: Final = 0.25
_RETURNING: Final = 0.7
# The mark price follows the premium over 150 s.
_SMOOTHING: Final = 1 / 30
# Part of a liquidated position whose other side is a participant who takes profit.
_MATCHED: Final = 0.6
# Traded contracts a day as a multiple of the open interest.
_DAILY_TURNOVER: Final = 2.0
_STEPS_PER_DAY: Final = 17_280
_INFORMED: Final = 0.25


@compiled
def common_returns(seed: int, first_minute: int, minutes: int, common: Floats) -> Floats:
    """The common factor: a number of about unit variance per step, with volatility clusters and jumps."""
    returns = np.empty(minutes * STEPS_PER_MINUTE)
    deviation, reversion = _COMMON_VARIANCE
    for minute in range(first_minute, first_minute + minutes):
        shock = normal(seed, _COMMON_VARIANCE_STREAM, 0, minute)
        common[0] = reverting(common[0], deviation, reversion, shock)
        jump = 0.0
        if uniform(seed, _JUMP_STREAM, 0, minute) < _JUMPS_PER_MINUTE:
            jump = _JUMP_SIZE * normal(seed, _JUMP_SIZE_STREAM, 0, minute)
        for step in range(STEPS_PER_MINUTE):
            moment = minute * STEPS_PER_MINUTE + step
            value = math.exp(common[0] / 2.0) * normal(seed, _COMMON_STREAM, 0, moment)
            returns[moment - first_minute * STEPS_PER_MINUTE] = value + jump * (step == 0)
    return returns


@compiled
def _forced(state: MarketState, pair: int) -> tuple[float, float]:
    """Liquidate up to the mark price; a part of the other side takes profit in the next minute."""
    row = state.pair[pair]
    if bin_of(row[LOG_MARK]) == state.edges[pair, LONG]:
        return 0.0, 0.0
    longs = liquidate(state.ladders[pair, LONG], LONG, state.edges[pair], row[LOG_MARK])
    shorts = liquidate(state.ladders[pair, SHORT], SHORT, state.edges[pair], row[LOG_MARK])
    row[LONGS] = max(row[LONGS] - longs, 0.0)
    row[SHORTS] = max(row[SHORTS] - shorts, 0.0)
    row[SHORTS_TO_CLOSE] += _MATCHED * longs
    row[LONGS_TO_CLOSE] += _MATCHED * shorts
    return longs, shorts


@compiled
def _move_premium(seed: int, pair: int, moment: int, row: Floats, impact: float) -> None:
    """Move premium and mark price by one step; arbitrage reverses a part of a transient move."""
    lean = imbalance(row)
    target = _PREMIUM_LINEAR * lean + _PREMIUM_CUBIC * lean * lean * lean
    row[SLOW_PREMIUM] += (target - row[SLOW_PREMIUM]) * _SLOW_REVERSION
    row[SLOW_PREMIUM] += _PREMIUM_NOISE * normal(seed, _PREMIUM_STREAM, pair, moment)
    returned = row[FAST_PREMIUM] * _FAST_REVERSION
    row[FAST_PREMIUM] += _TRANSIENT * impact - returned
    row[LOG_PRICE] -= _RETURNING * returned
    premium = row[SLOW_PREMIUM] + row[FAST_PREMIUM]
    row[SMOOTHED_PREMIUM] += (premium - row[SMOOTHED_PREMIUM]) * _SMOOTHING
    row[LOG_MARK] = row[LOG_PRICE] - premium + row[SMOOTHED_PREMIUM]


@compiled
def _takers(
    seed: int, numbers: PairNumbers, place: tuple[int, int], move: float, flow: float, forced: float
) -> tuple[float, float]:
    """Contracts bought and sold by takers: the volume grows with the move, the imbalance follows the flow.

    place: (pair, moment). move: the step's return in usual standard deviations.
    """
    pair, moment = place
    activity = 0.4 + 0.6 * min(abs(move), 15.0)
    noise = math.exp(0.4 * normal(seed, _VOLUME_STREAM, pair, moment))
    gross = _DAILY_TURNOVER / _STEPS_PER_DAY * numbers.contracts[pair] * activity * noise
    net = _INFORMED * gross * math.tanh(move) + flow
    gross = max(gross, 1.2 * abs(net))
    net += forced
    gross += abs(forced)
    return 0.5 * (gross + net), 0.5 * (gross - net)


@compiled
def _take_step(
    seed: int, numbers: PairNumbers, state: MarketState, place: tuple[int, int], noise: float, flow: float
) -> MarketStep:
    """One step. noise: log return of noise traders. flow: net contracts of participants and pushes."""
    pair, moment = place
    row, ordinary = state.pair[pair], numbers.volatility[pair]
    before = row[LOG_PRICE]
    longs, shorts = _forced(state, pair)
    thinned = 1.0 + min(max(0.5 * (row[AGITATION] - 1.0), 0.0), _MOST_THINNED)
    impact = (flow + shorts - longs) / (_DEPTH * numbers.contracts[pair]) * thinned
    impact = min(max(impact, -_STEP_LIMIT), _STEP_LIMIT)
    row[LOG_PRICE] += noise + impact
    _move_premium(seed, pair, moment, row, impact)
    change = row[LOG_PRICE] - before
    row[AGITATION] += (abs(change) / (0.8 * ordinary) - row[AGITATION]) * _AGITATION_MEMORY
    row[MOMENTUM] = row[MOMENTUM] * (1.0 - _MOMENTUM_MEMORY) + change
    bought, sold = _takers(seed, numbers, place, change / ordinary, flow, shorts - longs)
    return MarketStep(before, row[LOG_PRICE], bought, sold, longs, shorts)


@compiled
def play_pair(
    seed: int,
    pair: int,
    numbers: PairNumbers,
    state: MarketState,
    drives: Drives,
    common: Floats,
    outputs: tuple[int, MinuteValues, Forced, Detail],
) -> None:
    """Play one pair through the stretch. outputs: (first minute, minutes, forced orders, detail)."""
    first_minute, minutes, forced, detail = outputs
    row, contracts = state.pair[pair], numbers.contracts[pair]
    for minute in range(drives.crowd.shape[0]):
        drift_moods(seed, pair, first_minute + minute, row)
        flow = aggressive_flow(numbers, state, drives, (minute, pair))
        flow = (flow + drives.push[minute, pair] * _DEPTH * contracts) / STEPS_PER_MINUTE
        ordinary = numbers.volatility[pair] * drives.volatility[minute, pair]
        own = numbers.own[pair] * math.exp(row[OWN_LOG_VARIANCE] / 2.0)
        for number in range(STEPS_PER_MINUTE):
            place = minute * STEPS_PER_MINUTE + number
            moment = first_minute * STEPS_PER_MINUTE + place
            shock = numbers.common[pair] * common[place] + own * normal(seed, _OWN_STREAM, pair, moment)
            step = _take_step(seed, numbers, state, (pair, moment), ordinary * shock, flow)
            wicks = (
                uniform(seed, _WICK_STREAM, pair, moment) * ordinary,
                uniform(seed, _WICK_STREAM + 1, pair, moment) * ordinary,
            )
            record_step(numbers, state, (pair, place), step, wicks, (minutes, forced, detail))
        end = first_minute + minute + 1
        premium = row[SLOW_PREMIUM] + row[FAST_PREMIUM]
        settles = accrue_funding(row, premium, numbers.funding_cap[pair], end)
        record_minute(seed, numbers, state, (pair, minute, end), settles, minutes)
