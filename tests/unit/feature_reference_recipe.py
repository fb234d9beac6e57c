"""The features of the recipe and of the sequence once more, in plain Python from their words."""

import math
import statistics
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.unit.feature_reference import (
    MINUTE,
    Bar,
    Known,
    Number,
    alive,
    atr_abs,
    book,
    floor,
    mean,
    nw,
    rsi,
    score,
    true_range,
    window,
)

HOUR = timedelta(hours=1)
Steps = Callable[[Known], Number]

# Recursive averages remember their first bar, which a hole moves: they agree to 1e-4 (features.md section 0).
RECURSIVE = {
    "m5_adx_14", "adx", "htf", "wave_trend", "macd_norm", "trend_strength", "trend_strength_decay",
    "ema_5", "ema_8", "ema_21", "ema_34", "ema_diff_5_21", "ema_diff_8_34",
}  # fmt: skip


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


def micro(k: Known) -> Number:
    """micro, with and without a book."""
    flow, ticks, levels = taker_flow(k), uptick(k), level_imbalance(k)
    if flow is None or ticks is None:
        return None
    rest = 0.5 * flow + 0.2 * (2 * ticks - 1)
    return 50 * (1 + (rest / 0.7 if levels is None else rest + 0.3 * levels))


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


def both(k: Known, leader: int, n: int) -> list[Any]:
    """Returns of the pair and of the leader over bars that both have, newest first."""
    other = k.peers()[leader]
    pairs = [(k.change(j, 1), other.change(j, 1)) for j in range(n)]
    return [None if None in pair or not _has(k, j) else pair for j, pair in enumerate(pairs)]


def _has(k: Known, j: int) -> bool:
    return bar(k, j) is not None and bar(k, j + 1) is not None


def leader(k: Known) -> Number:
    """Mean of the scaled five-minute returns of the leaders, without itself; on bars that the pair has."""
    scaled = {}
    for id_ in (1, 2):
        other = k.peers()[id_]
        own = [other.change(j, 1) if _has(k, j) else None for j in range(60)]
        ends: list[Number] = [other.close(j) if bar(k, j) else None for j in range(6)]
        five = None if nw(ends[:5]) is None or None in (ends[0], ends[5]) else ends[0] / ends[5] - 1
        scaled[id_] = over(five, deviation(own), 0.0)
    if None in scaled.values():
        return None
    return math.tanh(statistics.fmean(v / math.sqrt(5) for id_, v in scaled.items() if id_ != k.instrument))


def relative_strength(k: Known) -> Number:
    """rs: mid-rank among all pairs."""
    values = [peer.change(0, 60) for peer in k.peers().values()]
    own, known = k.change(0, 60), [v for v in values if v is not None]
    if own is None or len(known) < 2:
        return None
    return 100 * (sum(v < own for v in known) + sum(v == own for v in known) / 2) / len(known)


def beta(k: Known) -> Number:
    """cov/var over 240 minutes."""
    present: Any = nw(both(k, 1, 240))
    if present is None:
        return None
    own, btc = zip(*present, strict=True)
    return 1.0 if k.instrument == 1 else statistics.covariance(own, btc) / statistics.variance(btc)


def divergence(k: Known) -> Number:
    """btc_divergence."""
    slope, own = beta(k), k.change(0, 20)
    other = k.peers()[1]
    ends: list[Number] = [other.close(j) if bar(k, j) else None for j in range(21)]
    known = None not in (ends[0], ends[20]) and nw(ends[:20]) is not None
    if slope is None or own is None or not known:
        return None
    return over((own - slope * (ends[0] / ends[20] - 1)) / math.sqrt(20), deviation(changes(k, 60)), 0.0)


def cross_momentum(k: Known) -> Number:
    """Against the others' mean."""
    values = {id_: peer.change(0, 20) for id_, peer in k.peers().items()}
    own = values.pop(k.instrument)
    others = [v for v in values.values() if v is not None]
    return None if own is None or not others else own - statistics.fmean(others)


def sector(k: Known, members: set[int]) -> Number:
    """A basket's day against all pairs' day."""
    values = {id_: peer.change(0, 1440) for id_, peer in k.peers().items()}
    basket = [v for id_, v in values.items() if v is not None and id_ in members]
    known = [v for v in values.values() if v is not None]
    return statistics.fmean(basket) - statistics.fmean(known) if basket else None


def hour_end(k: Known) -> Any:
    """The end of the last hour that had ended by the close of the decision's bar."""
    return floor(k.bar1 + MINUTE, HOUR)


def hour_close(k: Known, h: int) -> Number:
    """Close of the last minute of the h-th last hour."""
    one = k.m1.get(hour_end(k) - h * HOUR - MINUTE)
    return one["close"] if one else None


def hour_minutes(k: Known, h: int) -> list[tuple[Bar, Number]]:
    """The bars of the h-th last hour, each with its one-minute return."""
    start = hour_end(k) - (h + 1) * HOUR
    found = []
    for minute in range(60):
        one, before = k.m1.get(start + minute * MINUTE), k.m1.get(start + (minute - 1) * MINUTE)
        if one is not None:
            found.append((one, one["close"] / before["close"] - 1 if before else None))
    return found


def correlation(k: Known, leader_id: int, hours: int) -> Number:
    """Pearson of hourly log returns."""
    other = k.peers()[leader_id]
    pairs = []
    for h in range(hours):
        ends = (hour_close(k, h), hour_close(k, h + 1), hour_close(other, h), hour_close(other, h + 1))
        pairs.append(None if None in ends else (math.log(ends[0] / ends[1]), math.log(ends[2] / ends[3])))
    present: Any = nw(pairs)
    if present is None:
        return None
    return 1.0 if k.instrument == leader_id else statistics.correlation(*zip(*present, strict=True))


def htf(k: Known) -> Number:
    """EMA_20 against EMA_50 of hours."""
    ends = [hour_close(k, h) for h in range(720, -1, -1)]
    if ends[-1] is None or nw(ends[-250:]) is None:
        return None
    return max(-1.0, min(1.0, (ema(ends, 20)[-1] / ema(ends, 50)[-1] - 1) / 0.02))


def share(value: Number, samples: list[Number]) -> Number:
    """Share of the month's samples that are at most the value; at least a week of them."""
    present = window(samples, 168)
    if value is None or present is None:
        return None
    return sum(v <= value * (1 + 1e-9) for v in present) / len(present)


def whole(minutes: list[tuple[Bar, Number]]) -> bool:
    """95% of an hour's minutes."""
    return len(minutes) >= 57


def volume_score(k: Known) -> Number:
    """The last sixty minutes' value among the hours."""
    now = nw(column(k, "quote_volume", 0, 60))
    hours = [hour_minutes(k, h) for h in range(720)]
    sums = [math.fsum(one["quote_volume"] for one, _ in m) if whole(m) else None for m in hours]
    return share(None if now is None else math.fsum(now), sums)


def volatility_class(k: Known) -> Number:
    """Terciles of a month of hourly deviations."""
    samples = []
    for h in range(720):
        returns = [r for _, r in hour_minutes(k, h) if r is not None]
        samples.append(statistics.stdev(returns) if len(returns) >= 57 else None)
    now, present = deviation(changes(k, 60)), window(samples, 168)
    if now is None or present is None:
        return None
    ordered = sorted(present)

    def quantile(q: float) -> float:
        place = q * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    return float(now > quantile(1 / 3)) + float(now > quantile(2 / 3))


def levels(k: Known) -> Any:
    """The last snapshot of the levels, at most 15 s old, not crossed."""
    rows = k.events("order_book_levels")
    last = rows[-1] if rows else None
    return last if last and k.t - last["time"] <= timedelta(seconds=15) and _sound(last) else None


def _sound(row: Bar) -> bool:
    return bool(row["best_ask"] > row["best_bid"] > 0)


def _spread_bps(row: Bar) -> float:
    return float((row["best_ask"] - row["best_bid"]) / ((row["best_ask"] + row["best_bid"]) / 2) * 1e4)


def liquidity(k: Known) -> Number:
    """By the book where there is one, else by Amihud."""
    last, by_time = levels(k), {row["time"]: row for row in k.events("order_book_hours")}
    rows = [by_time.get(hour_end(k) - h * HOUR) for h in range(720)]
    if last is not None and window(rows, 168) is not None:
        depth = share(last["near_depth_usd"], [r["near_depth_usd"] if r else None for r in rows])
        width = share(_spread_bps(last), [_spread_bps(r) if r else None for r in rows])
        return (depth + 1 - width) / 2

    def cost(minutes: list[tuple[Bar, Number]]) -> Number:
        parts = [abs(r) / one["quote_volume"] for one, r in minutes if r is not None]
        return statistics.fmean(parts) if parts and whole(minutes) else None

    pairs = list(zip(changes(k, 60), column(k, "quote_volume", 0, 60), strict=True))
    present = nw([None if None in pair else abs(pair[0]) / pair[1] for pair in pairs])
    now = statistics.fmean(present) if present else None
    rank = share(now, [cost(hour_minutes(k, h)) for h in range(720)])
    return None if rank is None else 1 - rank


def level_imbalance(k: Known) -> Number:
    """orderbook_imbalance."""
    last = levels(k)
    if last is None:
        return None
    bid, ask = last["bid_depth_10_usd"], last["ask_depth_10_usd"]
    return (bid - ask) / (bid + ask)


def order_flow(k: Known) -> Number:
    """Cont, Kukanov and Stoikov over five minutes."""
    rows = [row for row in k.events("order_book_levels") if _sound(row)]
    flow, sizes, seconds = 0.0, [], 0.0
    for before, row in pairwise(rows):
        step = (row["time"] - before["time"]).total_seconds()
        if row["time"] <= k.t - 5 * MINUTE or step > 15:
            continue
        if row["best_bid"] >= before["best_bid"]:
            flow += row["best_bid_quantity"]
        if row["best_bid"] <= before["best_bid"]:
            flow -= before["best_bid_quantity"]
        if row["best_ask"] <= before["best_ask"]:
            flow -= row["best_ask_quantity"]
        if row["best_ask"] >= before["best_ask"]:
            flow += before["best_ask_quantity"]
        seconds += step
        sizes.append((row["best_bid_quantity"] + row["best_ask_quantity"]) / 2)
    return flow / statistics.fmean(sizes) if seconds >= 285 else None


def normalized_spread(k: Known) -> Number:
    """Quoted spread in units of a minute's deviation."""
    top, unit = book(k), deviation(changes(k, 30))
    return None if top is None or unit is None else _spread_bps(top) / 1e4 / unit


def trades(k: Known, minutes: int) -> list[Bar]:
    """Trades of the last minutes."""
    age = minutes * MINUTE
    return [row for row in k.events("trades") if k.t - row["time"] < age]


def _signed(row: Bar) -> float:
    return float(-row["quantity"] if row["buyer_is_maker"] else row["quantity"])


def large(row: Bar) -> float:
    """Signed value of a trade of at least 100,000 USDT, else 0."""
    return _signed(row) * float(row["price"]) if row["price"] * row["quantity"] >= 100_000 else 0.0


def tick_rule(k: Known) -> Number:
    """Sign-weighted share of the last hundred trades."""
    last = trades(k, 60)[-100:]
    return sum(map(_signed, last)) / sum(r["quantity"] for r in last) if len(last) == 100 else None


def large_trades(k: Known) -> Number:
    """large_trade_indicator."""
    last = trades(k, 5)
    if not trades(k, 60):
        return None
    return sum(map(large, last)) / sum(r["price"] * r["quantity"] for r in last) if last else 0.0


def whales(k: Known) -> Number:
    """whale_movement."""
    if not trades(k, 60):
        return None
    sums: dict[Any, float] = {}
    for row in k.events("trades"):
        bucket = floor(row["time"], 5 * MINUTE)
        sums[bucket] = sums.get(bucket, 0.0) + large(row)
    newest = floor(k.t - 10 * MINUTE, 5 * MINUTE)
    return score(sum(map(large, trades(k, 5))), nw([sums.get(newest - 5 * j * MINUTE) for j in range(288)]))


def clusters(k: Known) -> Number:
    """liquidation_clusters."""
    if not alive(k):
        return None
    beats = {floor(row["time"], MINUTE) for row in k.events("heartbeats") if row["feed"] == "liquidations"}
    sums: dict[Any, float] = dict.fromkeys(beats, 0.0)
    for row in k.events("liquidations"):
        minute = floor(row["time"], MINUTE)
        if minute in sums:
            sums[minute] += row["value_usd"]
    newest = floor(k.t - 2 * MINUTE, MINUTE)
    flags: list[Number] = []
    for j in range(60):
        minute = newest - j * MINUTE
        before = sorted(v for at, v in sums.items() if v > 0 and minute - 7 * 1440 * MINUTE <= at < minute)
        if minute not in sums or len(before) < 20:
            flags.append(None)
            continue
        place = 0.99 * (len(before) - 1)
        low = int(place)
        limit = before[low] + (place - low) * (before[min(low + 1, len(before) - 1)] - before[low])
        flags.append(float(sums[minute] > limit))
    present = nw(flags)
    return None if present is None else sum(present)


def sentiment(k: Known) -> Number:
    """Fear & Greed / 50 - 1, at most two days old."""
    rows = k.events("sentiment")
    fresh = rows and k.t - rows[-1]["time"] <= timedelta(hours=48)
    return rows[-1]["value"] / 50 - 1 if fresh else None


def slope(k: Known) -> Number:
    """momentum_slope."""
    now, before = k.change(0, 5), k.change(5, 5)
    return None if now is None or before is None else now - before


def log_changes(k: Known, n: int) -> list[Number]:
    """Log returns, newest first."""
    return [None if r is None else math.log(1 + r) for r in changes(k, n)]


def macd(k: Known) -> Number:
    """(EMA_12 - EMA_26) / C x 100."""
    difference = ema_difference(k, 12, 26)
    return None if difference is None else difference * 100


def _day(k: Known) -> float:
    return (k.t.hour * 3600 + k.t.minute * 60 + k.t.second) / 86_400


RECIPE_REFERENCE: dict[str, Steps] = {
    "ret_3": lambda k: k.change(0, 3),
    "zscore_ret_1": lambda k: score(k.change(0, 1), nw(changes(k, 60))),
    "zscore_ret_3": lambda k: score(k.change(0, 3), nw([k.change(j, 3) for j in range(60)])),
    "momentum_slope": slope,
    "trend_strength": trend_strength,
    "ema_5": lambda k: ema_distance(k, 5),
    "ema_21": lambda k: ema_distance(k, 21),
    "ema_8": lambda k: ema_distance(k, 8),
    "ema_34": lambda k: ema_distance(k, 34),
    "ema_diff_5_21": lambda k: ema_difference(k, 5, 21),
    "ema_diff_8_34": lambda k: ema_difference(k, 8, 34),
    "adx": adx,
    "htf": htf,
    "realized_sigma_30": lambda k: deviation(changes(k, 30)),
    "realized_sigma_60": lambda k: deviation(changes(k, 60)),
    "vol_regime": ratio,
    "kurt": kurtosis,
    "compression": compression,
    "nr7_dens": narrow_density,
    "compress_rank": compress_rank,
    "mean_rev": reversion,
    "pullback": pullback,
    "ignition_score": ignition,
    "breakout_thrust": thrust,
    "breakout_qual": quality,
    "rsi_7": lambda k: rsi(k, 7),
    "bb_upper": lambda k: band(k, 1),
    "bb_lower": lambda k: band(k, -1),
    "bb_width": band_width,
    "micro": micro,
    "uptick": uptick,
    "spread": spread,
    "orderbook_imbalance": level_imbalance,
    "vol_jump": volume_jump,
    "volume_ma_ratio": volume_ratio,
    "volume_trend": volume_trend,
    "leader": leader,
    "rs": relative_strength,
    "btc_beta": beta,
    "btc_divergence": divergence,
    "cross_momentum": cross_momentum,
    "tod_fraction": _day,
    "tod_sin": lambda k: math.sin(2 * math.pi * _day(k)),
    "tod_cos": lambda k: math.cos(2 * math.pi * _day(k)),
    "dow": lambda k: float(k.t.weekday()),
    "liquidity_score": liquidity,
    "volume_score": volume_score,
    "order_flow_imbalance": order_flow,
    "bid_ask_spread_normalized": normalized_spread,
    "volume_weighted_price_pressure": pressure,
    "tick_rule": tick_rule,
    "large_trade_indicator": large_trades,
    "corr_btc_24": lambda k: correlation(k, 1, 24),
    "corr_btc_168": lambda k: correlation(k, 1, 168),
    "corr_btc_720": lambda k: correlation(k, 1, 720),
    "corr_eth_24": lambda k: correlation(k, 2, 24),
    "corr_eth_168": lambda k: correlation(k, 2, 168),
    "corr_eth_720": lambda k: correlation(k, 2, 720),
    "sector_rot_layer1": lambda k: sector(k, {2, 3, 4, 5}),
    "sector_rot_defi": lambda k: sector(k, set()),
    "sector_rot_meme": lambda k: sector(k, {8}),
    "session_asian": lambda k: float(k.t.hour < 8),
    "session_european": lambda k: float(8 <= k.t.hour < 16),
    "session_us": lambda k: float(k.t.hour >= 16),
    "volatility_class": volatility_class,
    "trend_strength_decay": trend_decay,
    "liquidation_clusters": clusters,
    "whale_movement": whales,
    "social_sentiment_score": sentiment,
    "wave_trend": wave_trend,
    "last_open": lambda k: column(k, "open", 0, 1)[0],
    "last_high": lambda k: column(k, "high", 0, 1)[0],
    "last_low": lambda k: column(k, "low", 0, 1)[0],
    "log_traded_value": lambda k: (v := column(k, "quote_volume", 0, 1)[0]) and math.log(1 + v),
    "log_return": lambda k: log_changes(k, 1)[0],
    "log_return_deviation": lambda k: deviation(log_changes(k, 20)),
    "macd_norm": macd,
    "bb_position": band_position,
}
