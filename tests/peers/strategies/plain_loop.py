"""No system at all: averages by numpy, then a Python loop that knows a position and nothing of an account.

The upper end: what the work itself costs when nobody keeps books.
"""

import numpy as np
import numpy.typing as npt

from tests.peers.work import Stopwatch, Work, answer, read_work

Column = npt.NDArray[np.float64]


def average(values: Column, length: int) -> Column:
    """Of the last `length` values; undefined before there are as many."""
    means = np.full(len(values), np.nan)
    means[length - 1 :] = np.lib.stride_tricks.sliding_window_view(values, length).mean(axis=1)
    return means


def trades_of(work: Work, opens: Column, closes: Column) -> tuple[int, float]:
    """The closed trades of a pair and what they brought, USDT; the last open one is left out."""
    above = average(closes, work.fast) > average(closes, work.slow)
    known = ~np.isnan(average(closes, work.slow))
    trades, net, entry, held = 0, 0.0, 0.0, False
    rows = zip(above[:-1].tolist(), known[:-1].tolist(), opens[1:].tolist(), strict=True)
    was_above = True  # A rise is one only after a fall has been seen.
    for is_above, is_known, price in rows:
        if held and not is_above:
            quantity = work.stake_usdt / entry
            net += quantity * (price - entry) - work.taker_fee * quantity * (price + entry)
            trades, held = trades + 1, False
        elif is_known and is_above and not was_above:
            entry, held = price, True
        was_above = is_above if is_known else True
    return trades, net


def main() -> None:
    """Run it over all pairs."""
    work, watch = read_work(), Stopwatch()
    with watch.of("loading"):
        pairs = [np.load(work.arrays_of(symbol)) for symbol in work.symbols]
    with watch.of("backtest"):
        found = [trades_of(work, pair[:, 1].copy(), pair[:, 4].copy()) for pair in pairs]
    answer(watch, sum(map(len, pairs)), sum(one[0] for one in found), sum(one[1] for one in found))


if __name__ == "__main__":
    main()
