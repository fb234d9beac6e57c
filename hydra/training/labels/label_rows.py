"""The columns that every label has, and the count of rows with and without a label.

A label is computed from facts that became known after `label_start`, the instant of the decision, and by
`label_end`, and from what the decision itself knew: its price, side, barriers, thresholds. What is not known
has no label, and `unlabelled` says why.
Source: docs/practice.md, "Labels"; docs/architecture.md, law 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from hydra.arrays import TIME, Flags, Floats, Integers
from hydra.domain import ReasonCode, Side
from hydra.errors import BadDataError
from hydra.layers.positions import direction_of


class Unlabelled(StrEnum):
    """Why a row has no label.

    END_OF_DATA: the data end before the label's longest life. That a barrier was touched before does not
    count, else the last rows would have labels of quick trades only. MISSING_BAR: a bar that it needs was not
    recorded, came late, has no volume or is longer than a minute. MISSING_INPUT: a number of the decision or
    of the window is unknown. NOT_APPROVED, NOT_FILLED: there was no trade.
    """

    END_OF_DATA = "END_OF_DATA"
    MISSING_BAR = "MISSING_BAR"
    MISSING_INPUT = "MISSING_INPUT"
    NOT_APPROVED = "NOT_APPROVED"
    NOT_FILLED = "NOT_FILLED"


LABEL_COLUMNS: Final[dict[str, pl.DataType]] = {
    "label_start": TIME,
    "label_end": TIME,
    "side": pl.String(),
    "barrier": pl.String(),
    "cost_version": pl.String(),
    "unlabelled": pl.String(),
}
"""Beside `label`. side, barrier (a ReasonCode), cost_version: null where a kind of label has none."""

TIME_BARRIER: Final = pl.lit(ReasonCode.MAX_HOLDING_TIME.value).alias("barrier")
"""Of labels whose horizon ends them."""

_SIGNS: Final = {side.value: direction_of(side) for side in (Side.LONG, Side.SHORT)}


def directions(decisions: pl.DataFrame) -> Floats:
    """+1 where `side` is LONG, -1 where it is SHORT.

    Raises:
        BadDataError: a side is neither.
    """
    sides = decisions["side"].cast(pl.String)
    other = sides.filter(~sides.is_in(list(_SIGNS)) | sides.is_null())
    if len(other):
        raise BadDataError(f"a label of side {other[0]}: only LONG and SHORT earn something")
    found: Floats = sides.replace_strict(_SIGNS, return_dtype=pl.Float64).to_numpy()
    return found


def unlabelled_where(conditions: Sequence[tuple[Unlabelled, Flags]]) -> pl.Series:
    """For each row the first reason whose flag is set; null where none is."""
    rows = len(conditions[0][1])
    codes = pl.Series("unlabelled", [None] * rows, pl.String)
    for reason, flags in reversed(conditions):
        codes = pl.select(pl.when(pl.Series(flags)).then(pl.lit(reason.value)).otherwise(codes)).to_series()
    return codes.alias("unlabelled")


def label_rows(
    decisions: pl.DataFrame,
    label: pl.Series,
    span: tuple[Integers, Integers],
    unlabelled: pl.Series,
    more: Sequence[pl.Series | pl.Expr] = (),
) -> pl.DataFrame:
    """`decisions` with the label and LABEL_COLUMNS; row by row, in the same order.

    span: label_start and label_end, microseconds since 1970 UTC; ends of rows without a label are ignored.
    more: further columns, null where there is no label.
    """
    start, end = (pl.Series(one).cast(TIME) for one in span)
    label, end = label.alias("label"), end.alias("label_end")
    names = [
        one.name if isinstance(one, pl.Series) else one.meta.output_name() for one in (label, end, *more)
    ]
    frame = decisions.with_columns(
        start.alias("label_start"), unlabelled.alias("unlabelled"), label, end, *more
    ).with_columns(pl.when(pl.col("unlabelled").is_null()).then(pl.col(name)).alias(name) for name in names)
    order = (*LABEL_COLUMNS, "label", *names)
    return frame.with_columns(
        pl.lit(None).alias(name) for name in LABEL_COLUMNS if name not in frame.columns
    ).select(
        *(name for name in decisions.columns if name not in order),
        *(pl.col(name).cast(kind) for name, kind in LABEL_COLUMNS.items()),
        "label",
        *(name for name in names if name not in LABEL_COLUMNS and name != "label"),
    )


def known(values: Floats) -> pl.Series:
    """`values` as a column, null for NaN."""
    return pl.Series(values, dtype=pl.Float64).fill_nan(None)


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How many rows there are, how many have a label, and the others by reason."""

    rows: int
    labelled: int
    unlabelled: dict[Unlabelled, int]


def count_labels(labels: pl.DataFrame) -> LabelCounts:
    """The counts of a frame of `label_rows`."""
    counts = dict(labels["unlabelled"].drop_nulls().value_counts().iter_rows())
    found = {code: counts[code.value] for code in Unlabelled if code.value in counts}
    return LabelCounts(labels.height, labels.height - sum(found.values()), found)
