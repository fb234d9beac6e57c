"""Compares values: when two are equal, where they differ, and how many were compared.

Codes, sizes, prices and money must be equal. Binary numbers may differ by 1e-9 of the larger one, plus 1e-10:
a price minus its mean, divided by a deviation of a hundred-thousandth of it, has no more digits.
Null equals not-a-number: both mean that a value is unknown.
Source: docs/features.md, "Acceptance" (5).
"""

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.trading.row_writer import Row

RELATIVE_TOLERANCE: Final = 1e-9
ABSOLUTE_TOLERANCE: Final = 1e-10
KEY: Final = ("instrument_id", "time")
A_ROW: Final = "a row"
"""Marks a row that only one side has; the other side is None."""

_MOST_KEPT: Final = 50
_NUMBER: Final = (int, float, Decimal)

Rows = Mapping[tuple[object, ...], Row]


@dataclass(frozen=True)
class Mismatch:
    """A value that differs, or a row that only one side has.

    value: the name of the value (for a row, of its table). instrument_id: None for the whole portfolio.
    time: the minute or instant it belongs to. key: the other columns that identify the row.
    """

    value: str
    instrument_id: int | None
    time: datetime | None
    expected: object
    found: object
    key: tuple[object, ...] = ()


@dataclass
class CheckResult:
    """One check of one varied input: how many values were compared and differed, and the first of those."""

    check: str
    varied: str
    compared: int = 0
    mismatches: int = 0
    first: list[Mismatch] = field(default_factory=list)

    def note(self, mismatch: Mismatch) -> None:
        """Count a mismatch; the first ones are kept to be shown."""
        self.mismatches += 1
        if len(self.first) < _MOST_KEPT:
            self.first.append(mismatch)

    def as_json(self) -> dict[str, Any]:
        """For machines; the caller converts values that JSON does not support."""
        return asdict(self)


class CheckResults:
    """One result per check and varied input, in the order of first use."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, str], CheckResult] = {}

    def of(self, check: str, varied: str) -> CheckResult:
        """The result of `check` with `varied` changed."""
        return self._results.setdefault((check, varied), CheckResult(check, varied))

    def all(self) -> list[CheckResult]:
        """Every result."""
        return list(self._results.values())


def close(one: Floats, other: Floats, relative: float, absolute: float) -> Flags:
    """Element by element: within the tolerances, or both unknown."""
    with np.errstate(invalid="ignore"):
        allowed = absolute + relative * np.maximum(np.abs(one), np.abs(other))
        is_near = (np.abs(one - other) <= allowed) & np.isfinite(one) & np.isfinite(other)
    found: Flags = is_near | (one == other) | (np.isnan(one) & np.isnan(other))
    return found


def same(one: object, other: object, absolute: float = 0.0) -> bool:
    """Two values of a row, lists and mappings within it included. absolute: the tolerance of amounts."""
    one, other = _known(one), _known(other)
    if one is None or other is None:
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name], absolute) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other, (absolute,) * len(one)))
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one - other) <= absolute
    if isinstance(one, _NUMBER) and isinstance(other, _NUMBER) and float in {type(one), type(other)}:
        mine, theirs = float(one), float(other)
        allowed = max(absolute, ABSOLUTE_TOLERANCE) + RELATIVE_TOLERANCE * max(abs(mine), abs(theirs))
        return mine == theirs or abs(mine - theirs) <= allowed < math.inf
    return one == other


def _known(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def unequal(one: pl.Series, other: pl.Series, relative: float = RELATIVE_TOLERANCE) -> list[int]:
    """The places at which two columns differ."""
    if not one.dtype.is_float():
        return (~one.eq_missing(other)).arg_true().to_list()
    mine, theirs = (side.cast(pl.Float64).fill_null(math.nan).to_numpy() for side in (one, other))
    places: list[int] = np.flatnonzero(~close(mine, theirs, relative, ABSOLUTE_TOLERANCE)).tolist()
    return places


def frame_mismatches(
    expected: pl.DataFrame, found: pl.DataFrame, relative: float = RELATIVE_TOLERANCE
) -> Iterator[Mismatch]:
    """Where two frames of the same rows, keyed by KEY, differ in a column of `expected`."""
    if expected.equals(found):
        return
    for name in (name for name in expected.columns if name not in KEY):
        for place in unequal(expected[name], found[name], relative):
            pair, moment = expected.select(KEY).row(place)
            yield Mismatch(name, pair, moment, expected[name][place], found[name][place])


def compare_arrays(
    result: CheckResult,
    name: str,
    both: Sequence[NDArray[Any]],
    place: Callable[[int, int], tuple[int | None, datetime]],
) -> None:
    """Two arrays of (minutes, columns), the expected first; place: instrument and time of an element."""
    expected, found = both
    result.compared += expected.size
    if expected.dtype.kind == "f":
        is_equal = close(expected, found, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE)
    else:
        is_equal = expected == found
    for row, column in np.argwhere(~is_equal).tolist():
        values = expected[row, column].item(), found[row, column].item()
        result.note(Mismatch(name, *place(row, column), *values))


def compare_rows(
    result: CheckResult,
    table: str,
    expected: Rows,
    found: Rows,
    ignored: Container[str] = (),
    absolute: float = 0.0,
) -> None:
    """Rows by their keys, in every column of the expected ones but the `ignored`."""
    for key in (*expected, *(key for key in found if key not in expected)):
        mine, theirs = expected.get(key), found.get(key)
        row = mine or theirs or {}
        place = row.get("instrument_id"), row.get("time")
        if mine is None or theirs is None:
            result.compared += 1
            result.note(Mismatch(table, *place, mine and A_ROW, theirs and A_ROW, key))
            continue
        compared = [name for name in mine if name not in ignored]
        result.compared += len(compared)
        for name in compared:
            if not same(mine[name], theirs.get(name), absolute):
                result.note(Mismatch(f"{table}: {name}", *place, mine[name], theirs.get(name), key))
