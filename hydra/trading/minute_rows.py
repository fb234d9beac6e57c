"""The inputs of the stages after layer 2: its verdicts, and the frame of the generators."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg
from psycopg.rows import dict_row

from hydra.arrays import TIME
from hydra.db import queries
from hydra.domain import NewsAction, NewsConfidence, ReasonCode, TradabilityStatus
from hydra.durations import EPOCH, MICROSECOND
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.layers.layer3_news import NO_NEWS, NewsView, PairNews, pair_news
from hydra.layers.layer3_signals import GENERATORS
from hydra.layers.scorer import SCORER_INPUTS
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import Rules

_OF_THE_VERDICT: Final = ("regime", "volatility_regime", "gate_cascade_probability")
GENERATOR_INPUTS: Final = tuple(
    name
    for name in dict.fromkeys(
        (*(name for generator in GENERATORS.values() for name in generator.columns), *SCORER_INPUTS)
    )
    if name not in _OF_THE_VERDICT
)
"""The features that generators, theses and scorers read, besides layer 2's verdict."""


@dataclass(frozen=True)
class AssessedPair:
    """Layer 2's verdict on a pair, and what the news say of it; codes are None where unknown."""

    instrument_id: int
    tradability: TradabilityStatus
    reason_code: ReasonCode
    regime: int | None
    volatility_regime: int | None
    cascade_probability: float | None
    numbers: dict[str, Any]
    news: PairNews = NO_NEWS

    def __post_init__(self) -> None:
        """Convert the database's texts to enumerations."""
        object.__setattr__(self, "tradability", TradabilityStatus(self.tradability))
        object.__setattr__(self, "reason_code", ReasonCode(self.reason_code))

    @property
    def entries_allowed(self) -> bool:
        """True if layer 2 allows entries (C04)."""
        return bool(self.numbers["entries_allowed"])

    def measured(self, name: str) -> float | None:
        """A quantity that layer 2 measured; None where unknown, or not stored by the run's version."""
        value = self.numbers["measured"].get(name)
        return None if value is None else float(value)

    def number(self, name: str) -> float | None:
        """Another number of the assessment; None where unknown."""
        value = self.numbers[name]
        return None if value is None else float(value)


def or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def read_assessed(connection: psycopg.Connection, cycle: Cycle, rules: Rules) -> list[AssessedPair]:
    """The pairs that layer 2 has assessed in this minute, by instrument, with the news as of its `as_of`."""
    values = {
        "run_id": cycle.run_id,
        "time": cycle.time,
        "as_of": cycle.as_of,
        "news_counts_for": rules.news_counts_for,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(queries.load("stages/assessed"), values).fetchall()
    return [AssessedPair(**{**row, "news": _news(row["news"])}) for row in rows]


def _news(newest_first: Sequence[tuple[str, str, int, int, int | None]] | None) -> PairNews:
    """From action, confidence, time, known_at and scan_before of each view, microseconds since 1970 UTC."""
    return pair_news(
        [
            NewsView(
                time=EPOCH + time_us * MICROSECOND,
                known_at=EPOCH + known_at_us * MICROSECOND,
                action=NewsAction(action),
                confidence=NewsConfidence(confidence),
                scan_before=None if before_us is None else EPOCH + before_us * MICROSECOND,
            )
            for action, confidence, time_us, known_at_us, before_us in newest_first or ()
        ]
    )


def generator_inputs(*, is_adaptive: bool) -> tuple[str, ...]:
    """The generators' inputs; with is_adaptive also the pair's own thresholds."""
    return (*GENERATOR_INPUTS, *(ADAPTIVE_THRESHOLDS if is_adaptive else ()))


def generator_frame(
    pairs: list[AssessedPair], cycle: Cycle, inputs: tuple[str, ...] = GENERATOR_INPUTS
) -> pl.DataFrame:
    """The input of generators, scorer and news gate: a row a pair."""
    columns: dict[str, list[Any]] = {
        "instrument_id": [pair.instrument_id for pair in pairs],
        "regime": [pair.regime for pair in pairs],
        "volatility_regime": [pair.volatility_regime for pair in pairs],
        "gate_cascade_probability": [pair.cascade_probability for pair in pairs],
        "news_action": [pair.news.action for pair in pairs],
        **{name: [pair.measured(name) for pair in pairs] for name in inputs},
    }
    dated = {**columns, "time": [cycle.time] * len(pairs)}
    return pl.DataFrame(dated, schema={**_SCHEMA, **dict.fromkeys(inputs, pl.Float64()), "time": TIME})


def generator_columns(inputs: tuple[str, ...]) -> tuple[str, ...]:
    return (*_SCHEMA, *inputs, "time")


_SCHEMA: Final = {
    "instrument_id": pl.Int16(),
    "regime": pl.Int8(),
    "volatility_regime": pl.Int8(),
    "gate_cascade_probability": pl.Float64(),
    "news_action": pl.String(),
}
