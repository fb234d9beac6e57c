"""What may be trained on: the history before the vault, if there is enough of it.

Source: ML document, Signal Scorer; C67, C68; docs/practice.md, "Splitting".
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hydra.durations import DAY
from hydra.training.splits.vault import split_off_vault
from hydra.training.training_rows import TrainingRows


@dataclass(frozen=True, slots=True)
class LeastHistory:
    """As printed: three months and 10,000 samples a pair. The effective samples are those of the gate."""

    span: timedelta = 90 * DAY
    rows_a_pair: int = 10_000
    effective_rows: float = 300.0


@dataclass(frozen=True)
class Development:
    """rows: those that may be fitted and validated. vault: from and before; in_vault: rows that nobody looks
    at. purged: rows whose labels reach into it.
    """

    rows: TrainingRows
    vault: tuple[datetime, datetime]
    in_vault: int
    purged: int


def kept_from_vault(rows: TrainingRows) -> Development:
    """The rows before the vault."""
    parts = split_off_vault(rows.spans, rows.period)
    own = replace(rows.at(parts.development), period=(rows.period[0], parts.starts))
    return Development(own, (parts.starts, rows.period[1]), len(parts.vault), len(parts.purged))


def shortfalls(rows: TrainingRows, least: LeastHistory = LeastHistory()) -> list[str]:
    """In what the rows are fewer than the least, a phrase each; empty: there are enough."""
    span = rows.period[1] - rows.period[0]
    pairs = max(1, rows.frame["instrument_id"].n_unique())
    found = []
    if span < least.span:
        found.append(
            f"{span / DAY:.0f} days of history before the vault, at least {least.span / DAY:.0f} needed"
        )
    if len(rows) < least.rows_a_pair * pairs:
        found.append(f"{len(rows) / pairs:,.0f} labelled rows a pair, at least {least.rows_a_pair:,} needed")
    if rows.effective_size < least.effective_rows:
        found.append(
            f"{rows.effective_size:,.1f} independent rows, at least {least.effective_rows:,.0f} needed"
        )
    return found
