"""The work that every peer does, and the answer that each gives: nothing here needs more than Python.

Of each pair, on its one-minute candles: when the average close of the last `fast` candles rises above that
of the last `slow` ones, buy for `stake_usdt` at the market; when it falls below again, sell. One position a
pair, long only, the taker fee on both fills. An order is decided when a candle has closed and is filled where
the system fills it: at that close or at the next open.

A strategy runs in its peer's own environment, without HYDRA, as `python -m MODULE WORK_FILE ANSWER_FILE`.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """What is to be done, and where the candles lie.

    symbols: the exchange's names, BTCUSDT. folder: what `tests.peers.candles` wrote; recorded: from what.
    start, end: start <= open time < end, ISO with offset.
    """

    folder: str
    recorded: str
    symbols: tuple[str, ...]
    start: str
    end: str
    fast: int = 20
    slow: int = 50
    stake_usdt: float = 1_000.0
    taker_fee: float = 0.0005

    def arrays_of(self, symbol: str) -> Path:
        """The candles of a pair: rows of (open time in ms, open, high, low, close, volume) as float64."""
        return Path(self.folder) / "arrays" / f"{symbol}.npy"

    def write(self, path: Path) -> None:
        """As JSON, for the strategies."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Answer:
    """What a strategy, or HYDRA, says of its run.

    loading_seconds: from files or database into the form that the system works on.
    backtest_seconds: indicators, decisions and account. writing_seconds: the results stored, if they are.
    bars: candles of all pairs. net_usdt: what all trades brought after fees, None where it is not asked.
    """

    loading_seconds: float
    backtest_seconds: float
    bars: int
    trades: int
    net_usdt: float | None = None
    writing_seconds: float | None = None


class Stopwatch:
    """Wall seconds of named parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Adds what the block takes to `part`."""
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start


def work_from(path: Path) -> Work:
    """What `Work.write` wrote."""
    given = json.loads(path.read_text(encoding="utf-8"))
    return Work(**{**given, "symbols": tuple(given["symbols"])})


def read_work() -> Work:
    """The work that the command line names."""
    return work_from(Path(sys.argv[1]))


def answer(watch: Stopwatch, bars: int, trades: int, net_usdt: float) -> None:
    """Write what was found to the file that the command line names."""
    found = Answer(watch.seconds["loading"], watch.seconds["backtest"], bars, trades, net_usdt)
    Path(sys.argv[2]).write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")
