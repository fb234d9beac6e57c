"""The recipe's features of books, trades and other events, again in plain Python from their definitions."""

import statistics
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hydra.durations import MINUTE
from tests.support.feature_reference import alive, book
from tests.support.feature_reference_known import Bar, Known, Number, floor, nw, score
from tests.support.feature_reference_minutes import changes, deviation


def levels(k: Known) -> Any:
    """The last snapshot of the levels, at most 15 s old, not crossed."""
    rows = k.events("order_book_levels")
    last = rows[-1] if rows else None
    return last if last and k.t - last["time"] <= timedelta(seconds=15) and _sound(last) else None


def _sound(row: Bar) -> bool:
    return bool(row["best_ask"] > row["best_bid"] > 0)


def _spread_bps(row: Bar) -> float:
    return float((row["best_ask"] - row["best_bid"]) / ((row["best_ask"] + row["best_bid"]) / 2) * 1e4)


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
