"""Every feature implemented again in plain Python from its definition: slow, obvious, independent.

A value is None where the feature is null. Facts are dictionaries, windows are lists, time is arithmetic on
datetimes; nothing here knows grids, layouts or expressions.
"""

import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from hydra.durations import MINUTE
from tests.support.feature_reference_known import Bar, Known, Number, floor, mean, nw, score, window


def true_range(bar: Bar | None, before: Bar | None) -> Number:
    """max(H-L, |H-C_prev|, |L-C_prev|)."""
    if bar is None or before is None:
        return None
    previous = before["close"]
    return max(bar["high"] - bar["low"], abs(bar["high"] - previous), abs(bar["low"] - previous))


def over(value: Number, base: Number) -> Number:
    """value / base - 1."""
    return None if value is None or base is None else value / base - 1


def volatility(k: Known, n: int) -> Number:
    """std1 of n one-minute returns, annualised."""
    present = nw([k.change(j, 1) for j in range(n)])
    return None if present is None else statistics.stdev(present) * math.sqrt(525_600)


def rsi(k: Known, n: int = 14) -> Number:
    """Simple-mean RSI over n."""
    closes = [k.close(j) for j in range(n + 1)]
    if None in closes:
        return None
    moves = [closes[j] - closes[j + 1] for j in range(n)]
    gain, loss = sum(max(m, 0) for m in moves), sum(max(-m, 0) for m in moves)
    if loss == 0:
        return 100.0 if gain > 0 else 50.0
    return 100 - 100 / (1 + gain / loss)


def atr_abs(k: Known) -> Number:
    """Simple mean of 14 true ranges on m1."""
    bars = [k.m1.get(k.bar1 - j * MINUTE) for j in range(15)]
    return mean([true_range(bars[j], bars[j + 1]) for j in range(14)])


def cci(k: Known) -> Number:
    """Typical price against its mean of 20 m1 bars, in units of 0.015 mean deviations."""
    bars = [k.m1.get(k.bar1 - j * MINUTE) for j in range(20)]
    prices = [(bar["high"] + bar["low"] + bar["close"]) / 3 if bar else None for bar in bars]
    present = nw(prices)
    if prices[0] is None or present is None:
        return None
    centre = statistics.fmean(present)
    spread = statistics.fmean(abs(price - centre) for price in present)
    return (prices[0] - centre) / (0.015 * spread) if spread else 0.0


def hourly_zscore(k: Known) -> Number:
    """volatility_1h against the previous 720 whole hours (at least 168)."""
    # An hour that ends with the decision's own bar is the current value, not a previous one.
    end = floor(k.bar1, 60 * MINUTE)
    samples = []
    for hour in range(720):
        last = end - hour * 60 * MINUTE - MINUTE
        shift = int((k.bar1 - last) / MINUTE)
        returns = nw([k.change(shift + j, 1) for j in range(60)])
        samples.append(None if returns is None else statistics.stdev(returns) * math.sqrt(525_600))
    return score(volatility(k, 60), window(samples, 168))


def m5_mean(k: Known, n: int, shift: int = 0) -> Number:
    """SMA_n on m5, `shift` bars ago."""
    return mean([k.m5_close(j) for j in range(shift, shift + n)])


def at_least(least: int, count: int) -> Number:
    """`count`, or nothing where it is less."""
    return float(count) if count >= least else None


def m5_atr(k: Known, shift: int) -> Number:
    """atr_14 on m5, `shift` bars ago."""
    ranges = [true_range(k.m5_bar(j), k.m5_bar(j + 1)) for j in range(shift, shift + 14)]
    bar, average = k.m5_bar(shift), mean(ranges)
    return None if bar is None or average is None else average / bar["close"]


def bollinger(k: Known) -> Number:
    """4 * std0 / SMA over 20 m5."""
    present = nw([k.m5_close(j) for j in range(20)])
    return None if present is None else 4 * statistics.pstdev(present) / statistics.fmean(present)


def adx(k: Known) -> Number:
    """Wilder's ADX as TA-Lib computes it, over all known m5 bars; missing bars are skipped."""
    if nw([true_range(k.m5_bar(j), k.m5_bar(j + 1)) for j in range(150)]) is None:
        return None
    moves = []
    for opened in sorted(k.m5):
        bar, before = k.m5[opened], k.m5.get(opened - 5 * MINUTE)
        if before is not None and opened <= k.bar5:
            up, down = bar["high"] - before["high"], before["low"] - bar["low"]
            plus, minus = up if up > max(down, 0) else 0.0, down if down > max(up, 0) else 0.0
            moves.append((true_range(bar, before), plus, minus))
    sums = [sum(move[i] for move in moves[:13]) for i in range(3)]
    indices = []
    for move in moves[13:]:
        sums = [total - total / 14 + part for total, part in zip(sums, move, strict=True)]
        indices.append(100 * abs(sums[1] - sums[2]) / (sums[1] + sums[2]))
    average = statistics.fmean(indices[:14])
    for index in indices[14:]:
        average = (average * 13 + index) / 14
    return average


def quote(k: Known, j: int) -> Number:
    """Quote volume of an m5 bar."""
    bar = k.m5_bar(j)
    return bar["quote_volume"] if bar else None


def cvd(k: Known) -> Number:
    """Net taker flow of the last 12 m5 bars."""
    bars = [k.m5_bar(j) for j in range(12)]
    if None in bars:
        return None
    total = sum(bar["quote_volume"] for bar in bars)
    net = sum(2 * bar["taker_buy_quote_volume"] - bar["quote_volume"] for bar in bars)
    return net / total if total else 0.0


def fresh_funding(k: Known) -> Bar | None:
    """The last settlement, if not older than two intervals."""
    last = k.funding[-1] if k.funding else None
    return last if last and k.t - last["time"] <= 2 * timedelta(hours=last["interval_hours"]) else None


def funding_window(k: Known, n: int) -> list[Number]:
    """The last n settlements by their eight-hour slots, newest first."""
    by_time = {row["time"]: row["rate"] for row in k.funding}
    last = k.funding[-1]["time"]
    return [by_time.get(last - j * timedelta(hours=8)) for j in range(n)]


def funding_zscore(k: Known) -> Number:
    """Against the last 100 settlements, at least 30."""
    return score(k.funding[-1]["rate"], window(funding_window(k, 100), 30)) if fresh_funding(k) else None


def funding_momentum(k: Known) -> Number:
    """Now minus three settlements earlier."""
    before = funding_window(k, 4)[3] if fresh_funding(k) else None
    return None if before is None else k.funding[-1]["rate"] - before


def contracts_change(k: Known, at: datetime) -> Number:
    """Change of the open contracts over an hour at a grid instant."""
    now, before = k.oi.get(at), k.oi.get(at - 60 * MINUTE)
    if now is None or before is None or now["contracts"] <= 0 or before["contracts"] <= 0:
        return None
    return now["contracts"] / before["contracts"] - 1


def carried(k: Known, value: Callable[[datetime], Number], lifetime: timedelta) -> Number:
    """Null code NL on the five-minute grid."""
    at = k.grid
    while k.t - at <= lifetime:
        found = value(at)
        if found is not None:
            return found
        at -= 5 * MINUTE
    return None


def oi_delta(k: Known) -> Number:
    """oi_delta_pct."""
    return carried(k, lambda at: contracts_change(k, at), 10 * MINUTE)


def oi_zscore(k: Known) -> Number:
    """oi_delta_pct against its last 100 grid values."""
    values = [contracts_change(k, k.grid - 5 * j * MINUTE) for j in range(100)]
    return score(values[0], nw(values))


def divergence(k: Known) -> Number:
    """-sign(return_1h) * sign(oi_delta_pct)."""
    price, interest = k.change(0, 60), oi_delta(k)
    if price is None or interest is None:
        return None
    return -math.copysign(1, price) * math.copysign(1, interest) if price and interest else 0.0


def oi_usd(k: Known) -> Number:
    """Open interest in USDT."""
    return carried(k, lambda at: k.oi[at]["value_usd"] if at in k.oi else None, 10 * MINUTE)


def ratio(k: Known, name: str) -> Number:
    """A positioning ratio, at most 15 minutes old."""
    return carried(k, lambda at: k.ratios[at][name] if at in k.ratios else None, 15 * MINUTE)


def alive(k: Known) -> bool:
    """A heartbeat of the liquidation feed within 60 s."""
    beats = k.events("heartbeats")
    return bool(beats) and k.t - beats[-1]["time"] <= MINUTE


def recent(k: Known) -> tuple[float, float]:
    """Liquidated long and short USD: last 100, at most 60 minutes old."""
    events = [e for e in k.events("liquidations")[-100:] if k.t - e["time"] <= 60 * MINUTE]
    sums = {
        side: math.fsum(e["value_usd"] for e in events if e["side"] == side) for side in ("LONG", "SHORT")
    }
    return sums["LONG"], sums["SHORT"]


def is_heard(k: Known, minutes: int) -> bool:
    """The feed of forced orders lives, and its gaps that ended in the last minutes are at most 5% of them."""
    gaps = [gap for gap in k.events("liquidation_gaps") if k.t - gap["time"] <= minutes * MINUTE]
    return alive(k) and math.fsum(gap["missing_seconds"] for gap in gaps) <= 0.05 * 60 * minutes


def imbalance(k: Known) -> Number:
    """liq_imbalance."""
    if not is_heard(k, 60):
        return None
    long, short = recent(k)
    return (long - short) / (long + short) if long + short else 0.0


def known_velocity(k: Known) -> Number:
    """known_liq_velocity."""
    usd = oi_usd(k)
    return sum(recent(k)) / usd if alive(k) and usd is not None else None


def velocity(k: Known) -> Number:
    """liq_velocity."""
    return known_velocity(k) if is_heard(k, 60) else None


def cascade(k: Known) -> Number:
    """check_cascade as printed."""
    speed = velocity(k)
    if speed is None:
        return None
    return 0.9 if speed > 0.05 else 0.6 if speed > 0.02 else speed * 10


def liq_zscore(k: Known) -> Number:
    """The last five minutes against the 288 clock buckets that ended before them."""
    if not is_heard(k, 5):
        return None
    events = k.events("liquidations")
    now = math.fsum(e["value_usd"] for e in events if e["time"] > k.t - 5 * MINUTE)
    minutes = {floor(e["time"], MINUTE) for e in k.events("heartbeats")}
    sums: dict[datetime, float] = {}
    for event in events:
        bucket = floor(event["time"], 5 * MINUTE)
        sums[bucket] = sums.get(bucket, 0.0) + event["value_usd"]
    newest = floor(k.t - 10 * MINUTE, 5 * MINUTE)
    buckets = [newest - 5 * j * MINUTE for j in range(288)]
    known = [sums.get(b, 0.0) if all(b + m * MINUTE in minutes for m in range(5)) else None for b in buckets]
    return score(now, nw(known))


def liq_zscore_max_1h(k: Known) -> Number:
    """The largest liq_zscore of the hour: now, and at the ends of the 59 clock minutes before."""
    if not alive(k):
        return None
    minutes = {floor(e["time"], MINUTE) for e in k.events("heartbeats")}
    by_minute: dict[datetime, float] = {}
    for event in k.events("liquidations"):
        at = floor(event["time"], MINUTE)
        if at in minutes:
            by_minute[at] = by_minute.get(at, 0.0) + event["value_usd"]
    found = [liq_zscore(k)]
    newest = floor(k.t, MINUTE) - 2 * MINUTE
    for back in range(59):
        last = newest - back * MINUTE
        if last in minutes:
            now = math.fsum(by_minute.get(last - m * MINUTE, 0.0) for m in range(5))
            ended = floor(last - 4 * MINUTE, 5 * MINUTE) - 5 * MINUTE
            buckets = [ended - 5 * j * MINUTE for j in range(288)]
            sums = [_bucket(by_minute, minutes, start) for start in buckets]
            found.append(score(now, nw(sums)))
    return max((value for value in found if value is not None), default=None)


def _bucket(by_minute: dict[datetime, float], minutes: set[datetime], start: datetime) -> Number:
    inside = [start + m * MINUTE for m in range(5)]
    return sum(by_minute.get(at, 0.0) for at in inside) if minutes.issuperset(inside) else None


def book(k: Known) -> Any:
    """The last snapshot, at most 15 s old, not crossed."""
    tops = k.events("order_book_tops")
    last = tops[-1] if tops else None
    sound = last and k.t - last["time"] <= timedelta(seconds=15) and last["best_ask"] > last["best_bid"]
    return last if sound else None


def realized(k: Known, shift: int) -> Number:
    """std0 of 12 m5 returns, annualised, `shift` bars ago."""
    changes = [over(k.m5_close(j), k.m5_close(j + 1)) for j in range(shift, shift + 12)]
    present = nw(changes)
    return None if present is None else statistics.pstdev(present) * math.sqrt(105_120)


_MONTHS: WeakKeyDictionary[Known, list[float] | None] = WeakKeyDictionary()


def month(k: Known) -> list[float] | None:
    """realized_volatility of the previous 8640 bars, at least 2016 of them; two features ask for it."""
    if k not in _MONTHS:
        _MONTHS[k] = window([realized(k, j) for j in range(1, 8641)], 2016)
    return _MONTHS[k]


def percentile(k: Known) -> Number:
    """Share of the month at most as volatile."""
    now, before = realized(k, 0), month(k)
    return None if now is None or before is None else sum(v <= now for v in before) / len(before)


def edge(k: Known, sign: int) -> Number:
    """Expected range of the next hour."""
    price, annual = k.close(0), realized(k, 0)
    return None if price is None or annual is None else price * (1 + sign * 1.645 * annual / math.sqrt(8760))


def minutes_to_funding(k: Known) -> Number:
    """To the next settlement after t."""
    at = k.funding[-1]["time"] if k.funding else datetime(1970, 1, 1, tzinfo=UTC)
    hours = k.funding[-1]["interval_hours"] if k.funding else 8
    while at <= k.t:
        at += timedelta(hours=hours)
    return (at - k.t) / MINUTE


def _of(value: Bar | None, name: str) -> Number:
    return value[name] if value else None


# The context of tests.support.feature_market.decisions_at: SHORT by OI_DIVERGENCE, RANGING, high volatility.
REFERENCE: dict[str, Callable[[Known], Number]] = {
    "signal_direction": lambda _: -1.0,
    "signal_confidence": lambda _: 0.55,
    "source_FUNDING_SQUEEZE": lambda _: 0.0,
    "source_LIQUIDATION_REVERSAL": lambda _: 0.0,
    "source_OI_DIVERGENCE": lambda _: 1.0,
    "source_CROWDING_FADE": lambda _: 0.0,
    "source_FUNDING_CARRY": lambda _: 0.0,
    "expected_return": lambda _: 0.02,
    "expected_adverse_excursion": lambda _: 0.01,
    "return_1m": lambda k: k.change(0, 1),
    "return_5m": lambda k: k.change(0, 5),
    "return_15m": lambda k: k.change(0, 15),
    "return_1h": lambda k: k.change(0, 60),
    "return_4h": lambda k: k.change(0, 240),
    "return_24h": lambda k: k.change(0, 1440),
    "volatility_5m": lambda k: volatility(k, 5),
    "volatility_1h": lambda k: volatility(k, 60),
    "volatility_24h": lambda k: volatility(k, 1440),
    "price_vs_sma_20": lambda k: over(k.close(0), mean([k.close(j) for j in range(20)])),
    "price_vs_sma_50": lambda k: over(k.close(0), mean([k.close(j) for j in range(50)])),
    "rsi_14": rsi,
    "atr_14_abs": atr_abs,
    "atr_14": lambda k: None if atr_abs(k) is None else atr_abs(k) / k.close(0),
    "cci": cci,
    "last_close": lambda k: k.close(0),
    "volatility_zscore": hourly_zscore,
    "m5_sma_20_slope": lambda k: over(m5_mean(k, 20), m5_mean(k, 20, 5)),
    "m5_sma_50_slope": lambda k: over(m5_mean(k, 50), m5_mean(k, 50, 5)),
    "m5_candles": lambda k: at_least(20, sum(k.m5_close(j) is not None for j in range(24))),
    "m5_price_vs_sma_20": lambda k: over(k.m5_close(0), m5_mean(k, 20)),
    "m5_price_vs_sma_50": lambda k: over(k.m5_close(0), m5_mean(k, 50)),
    "m5_adx_14": adx,
    "m5_atr_14": lambda k: m5_atr(k, 0),
    "m5_atr_zscore": lambda k: score(m5_atr(k, 0), nw([m5_atr(k, j) for j in range(1, 289)])),
    "m5_bollinger_width": bollinger,
    "m5_volume_zscore": lambda k: score(quote(k, 0), nw([quote(k, j) for j in range(1, 289)])),
    "m5_cvd_momentum": cvd,
    "funding_rate": lambda k: _of(fresh_funding(k), "rate"),
    "funding_rate_zscore": funding_zscore,
    "funding_annualized": lambda k: k.funding[-1]["rate"] * 3 * 365 if fresh_funding(k) else None,
    "funding_momentum": funding_momentum,
    "oi_delta_pct": oi_delta,
    "oi_delta_zscore": oi_zscore,
    "oi_price_divergence": divergence,
    "oi_usd": oi_usd,
    "long_short_ratio": lambda k: ratio(k, "long_short_ratio"),
    "taker_buy_sell_ratio": lambda k: ratio(k, "taker_buy_sell_ratio"),
    "liq_imbalance": imbalance,
    "liq_velocity": velocity,
    "known_liq_velocity": known_velocity,
    "liq_zscore": liq_zscore,
    "liq_zscore_max_1h": liq_zscore_max_1h,
    "cascade_probability": cascade,
    "ob_imbalance": lambda k: (
        (b := book(k))
        and (b["bid_depth_usd"] - b["ask_depth_usd"]) / (b["bid_depth_usd"] + b["ask_depth_usd"])
    ),
    "spread_bps": lambda k: (
        (b := book(k)) and (b["best_ask"] - b["best_bid"]) / ((b["best_ask"] + b["best_bid"]) / 2) * 1e4
    ),
    "bid_depth_usd": lambda k: _of(book(k), "bid_depth_usd"),
    "ask_depth_usd": lambda k: _of(book(k), "ask_depth_usd"),
    "regime_TRENDING_UP": lambda _: 0.0,
    "regime_TRENDING_DOWN": lambda _: 0.0,
    "regime_RANGING": lambda _: 1.0,
    "regime_HIGH_VOLATILITY": lambda _: 0.0,
    "regime_CASCADE_RISK": lambda _: 0.0,
    "regime_SQUEEZE_LONG": lambda _: 0.0,
    "regime_SQUEEZE_SHORT": lambda _: 0.0,
    "volatility_regime_encoded": lambda _: 3.0,
    "realized_volatility": lambda k: realized(k, 0),
    "volatility_percentile": percentile,
    "realized_volatility_zscore": lambda k: score(realized(k, 0), month(k)),
    "expected_range_1h_low": lambda k: edge(k, -1),
    "expected_range_1h_high": lambda k: edge(k, 1),
    "hour_of_day_sin": lambda k: math.sin(2 * math.pi * k.t.hour / 24),
    "hour_of_day_cos": lambda k: math.cos(2 * math.pi * k.t.hour / 24),
    "day_of_week_sin": lambda k: math.sin(2 * math.pi * k.t.weekday() / 7),
    "day_of_week_cos": lambda k: math.cos(2 * math.pi * k.t.weekday() / 7),
    "minutes_to_funding": minutes_to_funding,
}
