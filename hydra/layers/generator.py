"""A signal generator as one record. Its expressions, distances to the trigger, theses and words follow."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Final, TypeVar

import numpy as np
import polars as pl

from hydra.arrays import Floats
from hydra.domain import ReasonCode, Side, SignalSource

Number = TypeVar("Number", float, Floats)
Limit = TypeVar("Limit", float, pl.Expr)
Limits = Mapping[str, pl.Expr]
"""Every number of `SignalParameters` by name, as a column; where it is null, nothing fires."""


class Comparison(StrEnum):
    """How a value is compared with its limit. ABOVE and BELOW are strict (C118)."""

    ABOVE = ">"
    BELOW = "<"
    AT_LEAST = ">="
    IS = "is"


_OPERATORS: Final = {
    Comparison.ABOVE: operator.gt,
    Comparison.BELOW: operator.lt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.IS: operator.eq,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be. limit: the name of a threshold, or a number. is_negative: minus that limit."""

    column: str
    comparison: Comparison
    limit: str | float
    is_negative: bool = False

    def limit_in(self, limits: Mapping[str, Limit]) -> Limit | float:
        value = limits[self.limit] if isinstance(self.limit, str) else self.limit
        return -value if self.is_negative else value

    def holds(self, limits: Limits) -> pl.Expr:
        """True where the condition holds; null where the value or the limit is unknown."""
        holds: pl.Expr = _OPERATORS[self.comparison](pl.col(self.column), self.limit_in(limits))
        return holds


def is_met(comparison: Comparison, value: float, limit: float) -> bool:
    return bool(_OPERATORS[comparison](value, limit))


def above(column: str, limit: str | float) -> Condition:
    """The column must be more than `limit`."""
    return Condition(column, Comparison.ABOVE, limit)


def below(column: str, limit: str | float, *, is_negative: bool = False) -> Condition:
    """The column must be less than `limit`, or less than minus `limit`."""
    return Condition(column, Comparison.BELOW, limit, is_negative)


def at_least(column: str, limit: str) -> Condition:
    """The column must be `limit` or more."""
    return Condition(column, Comparison.AT_LEAST, limit)


@dataclass(frozen=True, slots=True)
class Setup:
    """One side of a generator: it fires where all conditions hold.

    words: the thesis in words, a template over the columns; `funding_paid` is the size of the funding rate.
    """

    conditions: tuple[Condition, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A check after the printed function: if none of the conditions holds, the signal gets the reason."""

    any_of: tuple[Condition, ...]
    reason_code: ReasonCode


@dataclass(frozen=True, slots=True)
class Thesis:
    """The quantity that a position relies on: a column times `sign`, positive where it favours a long.

    is_ratio: the logarithm of the column.
    """

    column: str
    sign: int
    is_ratio: bool = False

    def expression(self) -> pl.Expr:
        """The strength per row, positive at entry, null where unknown. Reads the column `direction`."""
        value = pl.col(self.column).log() if self.is_ratio else pl.col(self.column)
        return pl.col("direction") * self.sign * value

    def strength(self, direction: int, value: Number) -> Number:
        """The same for numbers; NaN where unknown."""
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.log(value) if self.is_ratio else value
        strength: Number = direction * self.sign * level
        return strength


@dataclass(frozen=True, slots=True)
class Generator:
    """The complete definition of a generator.

    confidence: from the limits to an expression, 0..1. holding_hours: name of the parameter with the longest
    holding time. requirement: None: the setup alone decides.
    """

    source: SignalSource
    long: Setup
    short: Setup
    thesis: Thesis
    confidence: Callable[[Limits], pl.Expr]
    holding_hours: str
    requirement: Requirement | None = None

    def setup(self, side: Side) -> Setup:
        return self.long if side is Side.LONG else self.short

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the generator reads."""
        further = self.requirement.any_of if self.requirement else ()
        conditions = (*self.long.conditions, *self.short.conditions, *further)
        return tuple(dict.fromkeys((*(one.column for one in conditions), self.thesis.column)))

    def direction(self, limits: Limits) -> pl.Expr:
        """+1 where the long setup holds, -1 where the short one does, else 0."""
        is_long, is_short = (
            reduce(operator.and_, (condition.holds(limits) for condition in setup.conditions))
            for setup in (self.long, self.short)
        )
        return pl.when(is_long).then(1).when(is_short).then(-1).otherwise(0)
