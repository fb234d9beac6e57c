"""The leaders' values beside a pair's own, at the same instant."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from hydra.universe import UNIVERSE

LEADERS: Final = {pair.base.lower(): pair.instrument_id for pair in UNIVERSE[:2]}
"""Bitcoin and ether, by the prefix of their columns."""


def with_leaders(
    rows: pl.DataFrame, every: pl.DataFrame, clock: str, column: str, wanted: Sequence[str]
) -> pl.DataFrame:
    """`rows` with the columns `<leader>_<column>` that are in `wanted`: the leader's at the same `clock`.

    every: instrument_id, `clock`, `column`; with the leaders' rows where there are any.
    """
    for leader, instrument in LEADERS.items():
        name = f"{leader}_{column}"
        if name in wanted:
            own = every.filter(pl.col("instrument_id") == instrument).select(
                clock, pl.col(column).alias(name)
            )
            rows = rows.join(own, on=clock, how="left", maintain_order="left")
    return rows


def leader_columns(column: str) -> frozenset[str]:
    """The names that `with_leaders` can add for `column`."""
    return frozenset(f"{leader}_{column}" for leader in LEADERS)
