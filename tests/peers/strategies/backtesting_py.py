"""backtesting.py: a run of its own for each pair, since it knows one instrument; filled at the next open.

Orders are for whole units, so prices are those of a millionth of a coin, by its own `FractionalBacktest`.
"""

import numpy as np
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest, crossover

from tests.peers.work import Stopwatch, Work, answer, read_work

CASH_USDT = 1_000_000.0
UNIT = 1e-6


def average(values: object, length: int) -> pd.Series:
    """Of the last `length` values."""
    return pd.Series(values).rolling(length).mean()


def frame_of(work: Work, symbol: str) -> pd.DataFrame:
    """The candles of a pair as the system wants them."""
    rows = np.load(work.arrays_of(symbol))
    times = pd.to_datetime(rows[:, 0].astype("int64"), unit="ms")
    return pd.DataFrame(rows[:, 1:], columns=["Open", "High", "Low", "Close", "Volume"], index=times)


def strategy_of(work: Work) -> type[Strategy]:
    """The strategy with the numbers of `work`."""

    class Crossing(Strategy):
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, work.fast)
            self.slow = self.I(average, self.data.Close, work.slow)

        def next(self) -> None:
            if self.position:
                if self.fast[-1] < self.slow[-1]:
                    self.position.close()
            elif crossover(self.fast, self.slow):
                self.buy(size=max(1, round(work.stake_usdt / self.data.Close[-1])))

    return Crossing


def main() -> None:
    """Run it pair by pair."""
    work, watch = read_work(), Stopwatch()
    with watch.of("loading"):
        frames = [frame_of(work, symbol) for symbol in work.symbols]
    strategy = strategy_of(work)
    with watch.of("backtest"):
        found = [
            FractionalBacktest(
                frame, strategy, fractional_unit=UNIT, cash=CASH_USDT, commission=work.taker_fee
            ).run()
            for frame in frames
        ]
    trades = [one["_trades"] for one in found]
    answer(
        watch, sum(map(len, frames)), sum(map(len, trades)), float(sum(one["PnL"].sum() for one in trades))
    )


if __name__ == "__main__":
    main()
