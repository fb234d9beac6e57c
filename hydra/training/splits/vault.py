"""The vault: the end of the history, which no search and no choice may see before the final report.

Source: C68; docs/practice.md, "Splitting".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hydra.arrays import Integers
from hydra.durations import DAY
from hydra.training.splits.label_spans import LabelSpans, microseconds

TWO_MONTHS: Final = 61 * DAY
_LARGEST_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class VaultSplit:
    """Row numbers. development: to fit, choose and validate. vault: for the final report alone.

    purged: rows before the vault whose labels reach into it; neither may use them.
    """

    starts: datetime
    development: Integers
    vault: Integers
    purged: Integers


def vault_start(period: tuple[datetime, datetime]) -> datetime:
    """Where the vault of a history (from, before) begins.

    Formula: end - min(61 days, 20% of the history)
    Source: C68.
    """
    first, end = period
    return end - min(TWO_MONTHS, _LARGEST_SHARE * (end - first))


def split_off_vault(
    spans: LabelSpans, period: tuple[datetime, datetime], feature_lag: timedelta = timedelta(0)
) -> VaultSplit:
    """Every row of `spans`, in one of the three parts. A row whose label starts in the vault is the vault's.

    No row is later than the vault, so there is no embargo. feature_lag: see `Purge`.
    """
    starts = vault_start(period)
    in_vault = spans.start >= microseconds(starts)
    reaches = ~in_vault & (spans.end >= microseconds(starts - feature_lag))
    return VaultSplit(
        starts, np.flatnonzero(~in_vault & ~reaches), np.flatnonzero(in_vault), np.flatnonzero(reaches)
    )
