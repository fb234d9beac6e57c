"""Rows that a model is trained and judged on: features as known at the decision, label, span, uniqueness.

Source: docs/practice.md, "Labels"; docs/practice.md, "Overlapping labels"; docs/architecture.md, law 3.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Floats, Integers
from hydra.durations import EPOCH, MICROSECOND, MINUTE_US
from hydra.errors import BadDataError
from hydra.training.labels.label_rows import LabelCounts
from hydra.training.splits.label_spans import LabelSpans
from hydra.training.uniqueness import effective_sample_size

ROW_COLUMNS = ("instrument_id", "time", "label", "label_start", "label_end", "uniqueness")


@dataclass(frozen=True)
class TrainingRows:
    """frame: ROW_COLUMNS, the features (Float64, null where unknown), and what the kind of model adds; every
    row has a label. counts: of the decisions, with those left out. period: the minutes decided, from and
    before. cost_version: of the labels.
    """

    frame: pl.DataFrame
    features: tuple[str, ...]
    label: str
    counts: LabelCounts
    period: tuple[datetime, datetime]
    cost_version: str

    def __post_init__(self) -> None:
        """Refuse a frame without the columns, or with rows without a label."""
        missing = [name for name in (*ROW_COLUMNS, *self.features) if name not in self.frame.columns]
        if missing:
            raise BadDataError(f"training rows lack the columns {', '.join(missing)}")
        if self.frame["label"].null_count():
            raise BadDataError("training rows have to be labelled: leave the others out before")

    def __len__(self) -> int:
        return self.frame.height

    @property
    def matrix(self) -> Floats:
        """(rows, features), NaN where unknown."""
        found: Floats = (
            self.frame.select(pl.col(name).cast(pl.Float64).fill_null(np.nan) for name in self.features)
            .to_numpy()
            .astype(np.float64, order="C")
        )
        return found

    @property
    def labels(self) -> Integers:
        """(rows,)."""
        found: Integers = self.frame["label"].cast(pl.Int64).to_numpy()
        return found

    @property
    def uniqueness(self) -> Floats:
        """(rows,), 0..1."""
        found: Floats = self.frame["uniqueness"].to_numpy()
        return found

    @property
    def days(self) -> NDArray[np.datetime64]:
        """UTC day of each decision."""
        return self.frame["label_start"].dt.date().to_numpy().astype("datetime64[D]")

    @property
    def spans(self) -> LabelSpans:
        """The label of each row in time."""
        return LabelSpans.of(self.frame)

    @property
    def effective_size(self) -> float:
        """How many independent labels the rows are worth."""
        return effective_sample_size(self.frame["uniqueness"])

    @property
    def longest_label_minutes(self) -> int:
        """How far a label looks ahead, whole minutes."""
        spans = self.spans
        return int(np.ceil((spans.end - spans.start).max() / MINUTE_US))

    @property
    def first_start(self) -> datetime:
        """The first decision."""
        return EPOCH + int(self.spans.start.min()) * MICROSECOND

    @property
    def last_end(self) -> datetime:
        """When the last label was known."""
        return EPOCH + int(self.spans.end.max()) * MICROSECOND

    @property
    def data_hash(self) -> str:
        """sha256 over every value of the frame: the same facts, rules and code give the same."""
        digest = hashlib.sha256()
        for column in self.frame.sort("time", "instrument_id", maintain_order=True).get_columns():
            digest.update(f"{column.name} {column.dtype}\n".encode())
            if column.dtype == pl.String:
                digest.update("\n".join(text or "" for text in column).encode())
            else:
                digest.update(np.ascontiguousarray(column.to_physical().fill_null(0).to_numpy()).tobytes())
            digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
        return digest.hexdigest()

    def at(self, rows: Integers) -> "TrainingRows":
        """Those of some row numbers."""
        return replace(self, frame=self.frame[rows])
