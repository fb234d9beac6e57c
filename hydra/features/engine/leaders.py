"""The leaders' values beside a pair's own, at the same instant."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from hydra.features.engine.lateness import integers
from hydra.features.engine.layout import NO_ROW, gather
from hydra.universe import UNIVERSE

LEADERS: Final = {pair.base.lower(): pair.instrument_id for pair in UNIVERSE[:2]}
"""Bitcoin and ether, by the prefix of their columns."""


def with_leaders(
    rows: pl.DataFrame, every: pl.DataFrame, clock: str, column: str, wanted: Sequence[str]
) -> pl.DataFrame:
    """`rows` with the columns `<leader>_<column>` that are in `wanted`: the leader's at the same `clock`.

    every: instrument_id, `clock`, `column`; sorted by both, with the leaders' rows where there are any.
    """
    instruments = integers(every["instrument_id"])
    added = []
    for leader, instrument in LEADERS.items():
        name = f"{leader}_{column}"
        if name in wanted:
            begin, end = np.searchsorted(instruments, [instrument, instrument + 1])
            own = every.select(clock, column)[begin:end]
            at, clocks = integers(rows[clock]), integers(own[clock])
            found = np.searchsorted(clocks, at)
            found[found == len(clocks)] = NO_ROW
            same = (clocks[found] == at) if len(clocks) else np.zeros(len(at), dtype=bool)
            added.append(gather(own.select(column), np.where(same, found, NO_ROW))[column].alias(name))
    return rows.with_columns(added)


def leader_columns(column: str) -> frozenset[str]:
    """The names that `with_leaders` can add for `column`."""
    return frozenset(f"{leader}_{column}" for leader in LEADERS)
