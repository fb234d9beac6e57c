"""What came of the runs of a system, and whether the systems did the same work."""

import statistics
from dataclasses import dataclass

from tests.peers.peers import Does
from tests.peers.work import Answer

# Of the trades of the median system: ties of the averages and fills at the edges shift a few.
TRADES_TOLERANCE = 0.01


@dataclass(frozen=True)
class Measured:
    """One run: what the system said of it and what was seen from outside."""

    answer: Answer
    process_seconds: float
    cpu_seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Outcome:
    """All runs of a system, or why there are none.

    same_work: whether it ran the strategy of `tests.peers.work`. filled_at: where its orders are filled.
    """

    name: str
    release: str
    filled_at: str
    does: Does
    same_work: bool
    runs: tuple[Measured, ...] = ()
    not_run: str = ""

    @property
    def loading_seconds(self) -> float:
        """Median of the runs."""
        return statistics.median(run.answer.loading_seconds for run in self.runs)

    @property
    def backtest_seconds(self) -> float:
        """Median of the runs."""
        return statistics.median(run.answer.backtest_seconds for run in self.runs)

    @property
    def writing_seconds(self) -> float | None:
        """Median of the runs, None for what writes nothing."""
        written = [run.answer.writing_seconds for run in self.runs]
        known = [seconds for seconds in written if seconds is not None]
        return statistics.median(known) if known else None

    @property
    def process_seconds(self) -> float:
        """Median of the runs."""
        return statistics.median(run.process_seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """Median of the runs: what a busy machine changes least."""
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def bars_per_second(self) -> float:
        """Candles of all pairs by the seconds of the backtest."""
        return self.runs[0].answer.bars / self.backtest_seconds

    @property
    def peak_mib(self) -> float:
        """The most of all runs."""
        return max(run.peak_mib for run in self.runs)

    @property
    def trades(self) -> int:
        """Of the first run: the work is the same in each."""
        return self.runs[0].answer.trades

    @property
    def net_usdt(self) -> float | None:
        """Of the first run."""
        return self.runs[0].answer.net_usdt


def astray(outcomes: list[Outcome]) -> list[str]:
    """The systems whose trades are not those of the same work, within the tolerance."""
    counted = [outcome for outcome in outcomes if outcome.runs and outcome.same_work]
    if not counted:
        return []
    usual = statistics.median_low(outcome.trades for outcome in counted)
    return [one.name for one in counted if abs(one.trades - usual) > TRADES_TOLERANCE * usual]
