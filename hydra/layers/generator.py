"""What a signal generator is: one record from which its expressions, distances, theses and words follow."""

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
"""Every number of `SignalParameters` by its name, one a row; null: unknown, nothing fires on it."""


class Comparison(StrEnum):
    """How a value is compared with its limit. ABOVE and BELOW leave the limit itself out (C118)."""

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
    """What a column has to be. limit: the name of a threshold, or a number; is_negative: its negative."""

    column: str
    comparison: Comparison
    limit: str | float
    is_negative: bool = False

    def limit_in(self, limits: Mapping[str, Limit]) -> Limit | float:
        """The limit in force."""
        value = limits[self.limit] if isinstance(self.limit, str) else self.limit
        return -value if self.is_negative else value

    def holds(self, limits: Limits) -> pl.Expr:
        """Whether it holds in each row; null where the value or the limit is unknown."""
        holds: pl.Expr = _OPERATORS[self.comparison](pl.col(self.column), self.limit_in(limits))
        return holds


def is_met(comparison: Comparison, value: float, limit: float) -> bool:
    """`Condition.holds` for one number."""
    return bool(_OPERATORS[comparison](value, limit))


def above(column: str, limit: str | float) -> Condition:
    """The column has to be more than `limit`."""
    return Condition(column, Comparison.ABOVE, limit)


def below(column: str, limit: str | float, *, is_negative: bool = False) -> Condition:
    """The column has to be less than `limit`, or than its negative."""
    return Condition(column, Comparison.BELOW, limit, is_negative)


def at_least(column: str, limit: str) -> Condition:
    """The column has to be `limit` or more."""
    return Condition(column, Comparison.AT_LEAST, limit)


@dataclass(frozen=True, slots=True)
class Setup:
    """When one side fires: where all conditions hold. words: what it bets on, formatted with the columns.

    `funding_paid` in the words is the size of the funding rate.
    """

    conditions: tuple[Condition, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a step after the printed function asks for: at least one of the conditions, else the reason."""

    any_of: tuple[Condition, ...]
    reason_code: ReasonCode


@dataclass(frozen=True, slots=True)
class Thesis:
    """What a position bets on: a column (is_ratio: its logarithm) times the sign that favours a long."""

    column: str
    sign: int
    is_ratio: bool = False

    def expression(self) -> pl.Expr:
        """The strength in each row: positive at entry, null where unknown; reads the column `direction`."""
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
    """One generator of signals: all that is known of it.

    confidence: 0..1, from the limits, over the columns. holding_hours: the name of the parameter that says
    how long a position may live. requirement: see `Requirement`; None: the setup alone decides.
    """

    source: SignalSource
    long: Setup
    short: Setup
    thesis: Thesis
    confidence: Callable[[Limits], pl.Expr]
    holding_hours: str
    requirement: Requirement | None = None

    def setup(self, side: Side) -> Setup:
        """The setup of a side."""
        return self.long if side is Side.LONG else self.short

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it reads, each once."""
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
