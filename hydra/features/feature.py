"""What a feature is: one polars expression with its unit, window, null rule and source.

Source: features.md section 0; DESIGN, "features".
"""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Grid(StrEnum):
    """The rows that an expression runs over: one clock each, a missing fact is a row of nulls.

    Row shifts are time shifts on the dense grids (all but those of single events: BOOK, BOOK_LEVELS,
    SENTIMENT). HOUR has closes and sums of clock hours, H1 the volatility within them. UNIVERSE has a row
    per decision instant and pair of which candles are known, with columns of M1; DECISION has a row a
    decision, with every column that decision-level expressions ask of the other grids; EVALUATION has a
    row per pair and past layer-2 evaluation, SAMPLE one per pair and sampled decision, in order of time.
    """

    M1 = "m1"
    M5 = "m5"
    M5_MONTH = "m5_month"
    H1 = "h1"
    HOUR = "hour"
    SETTLEMENT = "settlement"
    OPEN_INTEREST = "open_interest"
    POSITIONING = "positioning"
    LIQUIDATION_DAY = "liquidation_day"
    LIQUIDATION_1M = "liquidation_1m"
    TRADES_5M = "trades_5m"
    BOOK = "book"
    BOOK_LEVELS = "book_levels"
    SENTIMENT = "sentiment"
    UNIVERSE = "universe"
    DECISION = "decision"
    EVALUATION = "evaluation"
    SAMPLE = "sample"


@dataclass(frozen=True)
class Feature:
    """The one definition of a feature.

    unit, window: in words. inputs: fact columns as "frame.column", or context columns of the decision.
    null_rule, pit: the codes of features.md section 0. lowest, highest: the closed range of the values
    (None: unbounded). expression: over the columns of `grid`; a column that is itself a feature or a
    working column is referred to by name, never defined again. source: document, section, decision.
    """

    name: str
    unit: str
    window: str
    inputs: tuple[str, ...]
    null_rule: str
    pit: str
    grid: Grid
    source: str
    description: str
    expression: pl.Expr
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True)
class WorkingColumn:
    """A named step that several features share (a moving average, a true range); no feature itself."""

    name: str
    grid: Grid
    expression: pl.Expr
