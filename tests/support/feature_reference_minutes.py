"""The recipe's features of a pair's own minutes, again in plain Python from their definitions."""

import math
import statistics
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hydra.durations import MINUTE
from tests.support.feature_reference import atr_abs, true_range
from tests.support.feature_reference_known import Bar, Known, Number, mean, nw, score

HOUR = timedelta(hours=1)
Steps = Callable[[Known], Number]


def bar(k: Known, j: int) -> Bar | None:
    """The j-th last one-minute bar."""
    return k.m1.get(k.bar1 - j * MINUTE)


def column(k: Known, name: str, first: int, last: int) -> list[Number]:
    """A column of the bars first..last-1 minutes ago, newest first."""
    bars = [bar(k, j) for j in range(first, last)]
    return [one[name] if one else None for one in bars]


def changes(k: Known, n: int, first: int = 0) -> list[Number]:
    """n one-minute returns, newest first."""
    return [k.change(j, 1) for j in range(first, first + n)]


def deviation(values: list[Number]) -> Number:
    """std1 of a window."""
    present = nw(values)
    return None if present is None else statistics.stdev(present)


def ema(values: list[Number], n: int) -> list[Number]:
    """TA-Lib's EMA over values oldest first; missing ones are skipped."""
    found: list[Number] = []
    seed: list[float] = []
    level: Number = None
    for value in values:
        if value is None:
            found.append(None)
            continue
        seed.append(value)
        if len(seed) == n:
            level = statistics.fmean(seed)
        elif len(seed) > n:
            level += 2 / (n + 1) * (value - level)
        found.append(level)
    return found


def history(k: Known, value: Callable[[Bar], float], rows: int = 1300) -> list[Number]:
    """A value of the last bars, oldest first."""
    bars = [bar(k, j) for j in range(rows - 1, -1, -1)]
    return [value(one) if one else None for one in bars]


def price_ema(k: Known, n: int, shift: int = 0) -> Number:
    """EMA_n of the close, `shift` bars ago, after 5n bars."""
    closes = history(k, lambda one: one["close"])
    closes = closes[: len(closes) - shift]
    usable = closes[-1] is not None and nw(closes[-5 * n :]) is not None
    return ema(closes, n)[-1] if usable else None


def relative(value: Number, base: Number) -> Number:
    """value / base - 1."""
    return None if value is None or base is None else value / base - 1


def ema_distance(k: Known, n: int) -> Number:
    """EMA_n / C_0 - 1."""
    return relative(price_ema(k, n), k.close(0))


def ema_difference(k: Known, fast: int, slow: int) -> Number:
    """(EMA_a - EMA_b) / C_0."""
    one, other = ema_distance(k, fast), ema_distance(k, slow)
    return None if one is None or other is None else one - other


def over(value: Number, base: Number, zero: Number) -> Number:
    """value / base; `zero` for a base of nothing."""
    if value is None or base is None:
        return None
    return value / base if base > 1e-12 else zero


def trend_strength(k: Known, shift: int = 0) -> Number:
    """tanh of the EMA's change in units of its expected move."""
    change = relative(price_ema(k, 20, shift), price_ema(k, 20, shift + 5))
    strength = over(change, deviation(changes(k, 20, shift)), 0.0)
    return None if strength is None else math.tanh(strength / math.sqrt(5))


def trend_decay(k: Known) -> Number:
    """Against its largest magnitude in an hour."""
    values = [trend_strength(k, j) for j in range(60)]
    present = nw(values)
    if values[0] is None or present is None:
        return None
    largest = max(abs(v) for v in present)
    return abs(values[0]) / largest if largest else 0.0


def adx(k: Known) -> Number:
    """Wilder's ADX on minutes."""
    bars = [bar(k, j) for j in range(1300)]
    pairs = list(pairwise(bars))
    if nw([true_range(one, before) for one, before in pairs[:150]]) is None:
        return None
    moves = []
    for one, before in reversed(pairs):
        if one is not None and before is not None:
            up, down = one["high"] - before["high"], before["low"] - one["low"]
            moves.append(
                (
                    true_range(one, before),
                    up if up > max(down, 0) else 0.0,
                    down if down > max(up, 0) else 0.0,
                )
            )
    sums = [sum(move[i] for move in moves[:13]) for i in range(3)]
    indices = []
    for move in moves[13:]:
        sums = [total - total / 14 + part for total, part in zip(sums, move, strict=True)]
        indices.append(100 * abs(sums[1] - sums[2]) / (sums[1] + sums[2]))
    average = statistics.fmean(indices[:14])
    for index in indices[14:]:
        average = (average * 13 + index) / 14
    return average


def wave_trend(k: Known) -> Number:
    """LazyBear's WT1."""
    prices = history(k, lambda one: (one["high"] + one["low"] + one["close"]) / 3)
    if prices[-1] is None or nw(prices[-105:]) is None:
        return None
    average = ema(prices, 10)
    distances = [None if a is None else p - a for p, a in zip(prices, average, strict=True)]
    spread = ema([None if d is None else abs(d) for d in distances], 10)
    index = [None if s is None else d / (0.015 * s) for d, s in zip(distances, spread, strict=True)]
    return ema(index, 21)[-1]


def kurtosis(k: Known) -> Number:
    """Bias-corrected excess kurtosis of sixty returns (Fisher's G2)."""
    x = nw(changes(k, 60))
    if x is None:
        return None
    n, centre = len(x), statistics.fmean(x)
    second, fourth = (statistics.fmean((v - centre) ** power for v in x) for power in (2, 4))
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)


def ratio(k: Known) -> Number:
    """std1 of ten returns over that of fifty."""
    return over(deviation(changes(k, 10)), deviation(changes(k, 50)), 1.0)


def extremes(k: Known, first: int) -> tuple[Number, Number]:
    """Highest high and lowest low of 20 bars."""
    highs, lows = nw(column(k, "high", first, first + 20)), nw(column(k, "low", first, first + 20))
    return (max(highs), min(lows)) if highs and lows else (None, None)


def wide(k: Known, j: int) -> Number:
    """R: the range of the 20 bars that end j minutes ago."""
    high, low = extremes(k, j)
    return None if high is None else high - low


def compression(k: Known) -> Number:
    """1 - clip(R / mean(R, 100), 0, 2) / 2."""
    values = [wide(k, j) for j in range(100)]
    average = mean(values)
    return None if values[0] is None or average is None else 1 - min(values[0] / average, 2) / 2


def compress_rank(k: Known) -> Number:
    """1 - pr(R; 100)."""
    values = [wide(k, j) for j in range(100)]
    present = nw(values)
    if values[0] is None or present is None:
        return None
    return 1 - sum(v <= values[0] for v in present) / len(present)


def narrow_density(k: Known) -> Number:
    """Share of bars that are strictly the narrowest of seven."""
    ranges: list[Number] = [
        None if (one := bar(k, j)) is None else one["high"] - one["low"] for j in range(26)
    ]
    flags: list[Number] = [
        None if None in ranges[j : j + 7] else ranges[j] < min(ranges[j + 1 : j + 7]) for j in range(20)
    ]
    return mean([None if flag is None else float(flag) for flag in flags])


def closes(k: Known) -> tuple[Number, Number]:
    """SMA_20 and std0 of the close."""
    present = nw(column(k, "close", 0, 20))
    return (statistics.fmean(present), statistics.pstdev(present)) if present else (None, None)


def reversion(k: Known) -> Number:
    """mean_rev."""
    (middle, spread), close = closes(k), k.close(0)
    return None if middle is None or close is None else -max(-3, min(3, (close - middle) / spread)) / 3


def pullback(k: Known) -> Number:
    """From the high down, in ranges."""
    (high, low), close = extremes(k, 0), k.close(0)
    return None if high is None or close is None else (high - close) / (high - low)


def thrust(k: Known) -> Number:
    """breakout_thrust."""
    (high, low), close, unit = extremes(k, 1), k.close(0), atr_abs(k)
    if high is None or close is None or unit is None:
        return None
    beyond = close - high if close > high else min(close - low, 0.0)
    return max(-3.0, min(3.0, beyond / unit))


def volume_ratio(k: Known) -> Number:
    """V_0 over the mean of the 20 before."""
    return over(column(k, "volume", 0, 1)[0], mean(column(k, "volume", 1, 21)), 1.0)


def ignition(k: Known) -> Number:
    """ignition_score."""
    push, volume = thrust(k), volume_ratio(k)
    if push is None or volume is None:
        return None
    return 100 * (0.6 * min(abs(push), 1) + 0.4 * min(volume, 3) / 3)


def quality(k: Known) -> Number:
    """breakout_qual."""
    push, volume, one = thrust(k), volume_ratio(k), bar(k, 0)
    if push is None or volume is None or one is None:
        return None
    body = abs(one["close"] - one["open"]) / (one["high"] - one["low"])
    return body * min(volume, 2) / 2 if push else 0.0


def band(k: Known, sign: int) -> Number:
    """A Bollinger band against the close."""
    (middle, spread), close = closes(k), k.close(0)
    return None if middle is None or close is None else (middle + sign * 2 * spread) / close - 1


def band_width(k: Known) -> Number:
    """bb_width."""
    middle, spread = closes(k)
    return None if middle is None else 4 * spread / middle


def band_position(k: Known) -> Number:
    """bb_position."""
    (middle, spread), close = closes(k), k.close(0)
    if middle is None or close is None:
        return None
    return max(-1.0, min(2.0, (close - (middle - 2 * spread)) / (4 * spread)))


def uptick(k: Known) -> Number:
    """Rises among the changes."""
    pairs = [(k.close(j), k.close(j + 1)) for j in range(20)]
    present = nw([None if None in pair else pair[0] - pair[1] for pair in pairs])
    if present is None:
        return None
    ups, downs = sum(m > 0 for m in present), sum(m < 0 for m in present)
    return ups / (ups + downs)


def taker_flow(k: Known) -> Number:
    """Net taker value of ten minutes."""
    bars = [bar(k, j) for j in range(10)]
    if None in bars:
        return None
    net = sum(2 * one["taker_buy_quote_volume"] - one["quote_volume"] for one in bars if one)
    return net / sum(one["quote_volume"] for one in bars if one)


def spread(k: Known) -> Number:
    """Corwin and Schultz."""
    estimates: list[Number] = []
    for j in range(20):
        one, before = bar(k, j), bar(k, j + 1)
        if one is None or before is None:
            estimates.append(None)
            continue
        beta = math.log(one["high"] / one["low"]) ** 2 + math.log(before["high"] / before["low"]) ** 2
        gamma = math.log(max(one["high"], before["high"]) / min(one["low"], before["low"])) ** 2
        root = 3 - 2 * math.sqrt(2)
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / root - math.sqrt(gamma / root)
        estimates.append(max(0.0, 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha))))
    average = mean(estimates)
    return None if average is None else average * 1e4


def volume_jump(k: Known) -> Number:
    """vol_jump."""
    return score(column(k, "volume", 0, 1)[0], nw(column(k, "volume", 1, 21)))


def volume_trend(k: Known) -> Number:
    """Least squares by the standard library."""
    points = [(-j, math.log(1 + v)) for j, v in enumerate(column(k, "volume", 0, 20)) if v is not None]
    if len(points) < 19:
        return None
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def pressure(k: Known) -> Number:
    """volume_weighted_price_pressure."""
    pairs = list(zip(column(k, "volume", 0, 20), changes(k, 20), strict=True))
    present: Any = nw([None if None in pair else pair for pair in pairs])
    if present is None:
        return None
    weighted = math.fsum(v * r for v, r in present) / math.fsum(v for v, _ in present)
    return over(weighted, deviation(changes(k, 20)), 0.0)
