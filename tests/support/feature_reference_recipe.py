"""The features of the recipe and of the sequence, again in plain Python from their definitions."""

import math
import statistics
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hydra.durations import MINUTE
from tests.support.feature_reference import rsi
from tests.support.feature_reference_events import (
    _spread_bps,
    clusters,
    large_trades,
    level_imbalance,
    levels,
    normalized_spread,
    order_flow,
    sentiment,
    tick_rule,
    whales,
)
from tests.support.feature_reference_known import Bar, Known, Number, floor, nw, score, window
from tests.support.feature_reference_minutes import (
    adx,
    band,
    band_position,
    band_width,
    bar,
    changes,
    column,
    compress_rank,
    compression,
    deviation,
    ema,
    ema_difference,
    ema_distance,
    ignition,
    kurtosis,
    narrow_density,
    over,
    pressure,
    pullback,
    quality,
    ratio,
    reversion,
    spread,
    taker_flow,
    thrust,
    trend_decay,
    trend_strength,
    uptick,
    volume_jump,
    volume_ratio,
    volume_trend,
    wave_trend,
)

HOUR = timedelta(hours=1)
Steps = Callable[[Known], Number]

# Recursive averages remember their first bar, which a hole moves: they agree to 1e-4 (docs/features.md).
RECURSIVE = {
    "m5_adx_14", "adx", "htf", "wave_trend", "macd_norm", "trend_strength", "trend_strength_decay",
    "ema_5", "ema_8", "ema_21", "ema_34", "ema_diff_5_21", "ema_diff_8_34",
}  # fmt: skip


def both(k: Known, leader: int, n: int) -> list[Any]:
    """Returns of the pair and of the leader over bars that both have, newest first."""
    other = k.peers[leader]
    pairs = [(k.change(j, 1), other.change(j, 1)) for j in range(n)]
    return [None if None in pair or not _has(k, j) else pair for j, pair in enumerate(pairs)]


def _has(k: Known, j: int) -> bool:
    return bar(k, j) is not None and bar(k, j + 1) is not None


def leader(k: Known) -> Number:
    """Mean of the scaled five-minute returns of the leaders, without itself; on bars that the pair has."""
    scaled = {}
    for id_ in (1, 2):
        other = k.peers[id_]
        own = [other.change(j, 1) if _has(k, j) else None for j in range(60)]
        ends: list[Number] = [other.close(j) if bar(k, j) else None for j in range(6)]
        five = None if nw(ends[:5]) is None or None in (ends[0], ends[5]) else ends[0] / ends[5] - 1
        scaled[id_] = over(five, deviation(own), 0.0)
    if None in scaled.values():
        return None
    return math.tanh(statistics.fmean(v / math.sqrt(5) for id_, v in scaled.items() if id_ != k.instrument))


def relative_strength(k: Known) -> Number:
    """rs: mid-rank among all pairs."""
    values = [peer.change(0, 60) for peer in k.peers.values()]
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
    other = k.peers[1]
    ends: list[Number] = [other.close(j) if bar(k, j) else None for j in range(21)]
    known = None not in (ends[0], ends[20]) and nw(ends[:20]) is not None
    if slope is None or own is None or not known:
        return None
    return over((own - slope * (ends[0] / ends[20] - 1)) / math.sqrt(20), deviation(changes(k, 60)), 0.0)


def cross_momentum(k: Known) -> Number:
    """Against the others' mean."""
    values = {id_: peer.change(0, 20) for id_, peer in k.peers.items()}
    own = values.pop(k.instrument)
    others = [v for v in values.values() if v is not None]
    return None if own is None or not others else own - statistics.fmean(others)


def sector(k: Known, members: set[int]) -> Number:
    """A basket's day against all pairs' day."""
    values = {id_: peer.change(0, 1440) for id_, peer in k.peers.items()}
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
    other = k.peers[leader_id]
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


def micro(k: Known) -> Number:
    """micro, with and without a book."""
    flow, ticks, levels = taker_flow(k), uptick(k), level_imbalance(k)
    if flow is None or ticks is None:
        return None
    rest = 0.5 * flow + 0.2 * (2 * ticks - 1)
    return 50 * (1 + (rest / 0.7 if levels is None else rest + 0.3 * levels))


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
