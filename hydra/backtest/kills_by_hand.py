"""The operator's latches and clears of a run, as input of a simulation that replays it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KillByHand:
    """One latch or clear by an operator.

    row: the first affected minute. It changes before layer 4, or between layers 4 and 5 (is_after_layer_4).
    instrument_id: 0: the whole portfolio.
    """

    row: int
    is_after_layer_4: bool
    instrument_id: int
    is_latched: bool
