"""Kill switches by hand as inputs of a simulation: a replay of a run repeats what its operator did."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KillByHand:
    """Something that an operator latched or cleared.

    row: of the minute that saw it first, before layer 4 spoke or (is_after_layer_4) before layer 5 acted.
    instrument_id: 0 for the whole portfolio.
    """

    row: int
    is_after_layer_4: bool
    instrument_id: int
    is_latched: bool
