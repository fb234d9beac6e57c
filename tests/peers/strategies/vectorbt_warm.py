"""vectorbt in a process that has called it: the median of the calls after the first, its loop compiled."""

import statistics

from tests.peers.strategies.vectorbt_first_call import backtest, columns_of
from tests.peers.work import Stopwatch, answer, read_work

CALLS = 5


def main() -> None:
    """Run it over all pairs again and again."""
    work, watch = read_work(), Stopwatch()
    with watch.of("loading"):
        opens, closes = columns_of(work)
    trades, net = backtest(work, opens, closes)
    for number in range(CALLS):
        with watch.of(f"call {number}"):
            backtest(work, opens, closes)
    watch.seconds["backtest"] = statistics.median(watch.seconds[f"call {number}"] for number in range(CALLS))
    answer(watch, closes.size, trades, net)


if __name__ == "__main__":
    main()
