"""The unit of deciding: one minute of one run."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Cycle:
    """One decision minute of a run: its candle closed at `time`, facts count that are known by `as_of`."""

    run_id: int
    time: datetime
    as_of: datetime
