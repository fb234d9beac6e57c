"""Kill switches by hand as inputs of a simulation: a replay of a run repeats what its operator did."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KillByHand:
    """One latch or clear by an operator.

    row: the first minute affected: before layer 4 decides, or (is_after_layer_4) between layers 4 and 5.
    instrument_id: 0 for the whole portfolio.
    """

    row: int
    is_after_layer_4: bool
    instrument_id: int
    is_latched: bool
