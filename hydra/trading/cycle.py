"""A cycle: one decision minute of one run."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Cycle:
    """One decision minute of a run. time: close of its candle. as_of: facts known later do not count."""

    run_id: int
    time: datetime
    as_of: datetime
