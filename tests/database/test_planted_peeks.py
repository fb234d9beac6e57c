"""A planted peek is found, and found alone; the real catalogue has none.

Each planted evaluator computes honest features and one that knows something too early: the bar that is
still open, the next settlement, a column shifted by one row. The checks must name exactly that column.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

import polars as pl
import pytest

from hydra.checks.comparer import Mismatch
from hydra.features.engine.decision_frame import decision_minutes
from hydra.features.evaluate import Evaluate, feature_matrix
from hydra.features.facts import MarketFacts
from tests.support.feature_lookahead import future_shock_mismatches, truncation_mismatches
from tests.support.recorded_market import ABSENT, is_recorded, recorded_facts
from tests.support.synthetic_market import facts_from_scratch, make_rows, utc

HONEST = ("return_1m", "price_vs_sma_20", "funding_rate", "oi_delta_pct")
CHECKS = {"truncation": truncation_mismatches, "future shock": future_shock_mismatches}

_KEY = ["instrument_id", "time"]


def _closes(facts: MarketFacts) -> pl.DataFrame:
    return facts.candles_1m.select("instrument_id", "time", "close").sort(_KEY)


def open_bar(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """Return of the minute in which the decision falls: its bar is not closed yet. One candle too many."""
    returns = _closes(facts).with_columns(pl.col("close").pct_change().over("instrument_id"))
    minute = decisions.with_columns(pl.col("time").dt.truncate("1m"))
    return minute.join(returns, on=_KEY, how="left", maintain_order="left")["close"]


def mean_with_the_open_bar(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """Mean of the last 60 closes, the open bar's among them: one wrong candle in sixty."""
    mean = pl.col("close").rolling_mean(60, min_samples=1).over("instrument_id")
    minute = decisions.with_columns(pl.col("time").dt.truncate("1m"))
    return minute.join(_closes(facts).with_columns(mean), on=_KEY, how="left", maintain_order="left")["close"]


def next_settlement(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """The funding rate of the settlement that comes next."""
    rates = facts.funding_rates.select(*_KEY, "rate").sort("time")
    joined = (
        decisions.with_row_index()
        .sort("time")
        .join_asof(rates, on="time", by="instrument_id", strategy="forward", check_sortedness=False)
    )
    return joined.sort("index")["rate"]


def settlement_before_it_is_known(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """The last settlement by its time alone: for five seconds nobody knows its rate yet."""
    rates = facts.funding_rates.select(*_KEY, "rate").sort("time")
    joined = (
        decisions.with_row_index()
        .sort("time")
        .join_asof(rates, on="time", by="instrument_id", strategy="backward", check_sortedness=False)
    )
    return joined.sort("index")["rate"]


def shifted_by_one_row(facts: MarketFacts, decisions: pl.DataFrame) -> pl.Series:
    """The return of the last closed bar, taken one row further on."""
    returns = pl.col("close").pct_change().shift(-1).over("instrument_id")
    last = decisions.with_columns(pl.col("time").dt.truncate("1m").dt.offset_by("-1m"))
    return last.join(_closes(facts).with_columns(returns), on=_KEY, how="left", maintain_order="left")[
        "close"
    ]


Peek = Callable[[MarketFacts, pl.DataFrame], pl.Series]
PEEKS: list[Peek] = [
    open_bar,
    mean_with_the_open_bar,
    next_settlement,
    settlement_before_it_is_known,
    shifted_by_one_row,
]


def with_peek(peek: Peek) -> Evaluate:
    """Honest features, and the planted one under its own name."""

    def evaluate(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
        planted = peek(facts, decisions).alias(peek.__name__)
        return feature_matrix(facts, decisions, HONEST).with_columns(planted)

    return evaluate


@pytest.fixture(scope="module")
def made() -> MarketFacts:
    """Two pairs over eleven hours, with holes, late rows, books, forced orders and heartbeats."""
    start, end = utc(2025, 6, 9, 21), utc(2025, 6, 10, 8, 30)
    return facts_from_scratch(make_rows(3, start, end, pairs=(1, 2), late_share=0.2), end, end)


@pytest.fixture(scope="module")
def on_time() -> MarketFacts:
    """The same market, everything known when it should be."""
    start, end = utc(2025, 6, 9, 21), utc(2025, 6, 10, 8, 30)
    return facts_from_scratch(make_rows(3, start, end, pairs=(1, 2), late_share=0), end, end)


def _decisions(
    seed: int, count: int, start: datetime, end: datetime, pairs: tuple[int, ...] = (1, 2)
) -> pl.DataFrame:
    """`count` random minutes of [start, end], all `pairs` at each."""
    every = decision_minutes(pairs, start, end)
    chosen = Random(seed).sample(every["time"].unique().sort().to_list(), count)
    return every.filter(pl.col("time").is_in(chosen))


def _offenders(found: list[Mismatch]) -> set[str]:
    return {mismatch.value for mismatch in found}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("peek", PEEKS, ids=lambda peek: peek.__name__)
def test_a_planted_peek_is_found_and_nothing_else(on_time: MarketFacts, peek: Peek, check: str) -> None:
    # The minute of the settlement at 08:00, two seconds after it, is the one where five seconds matter.
    around = decision_minutes((1, 2), utc(2025, 6, 10, 7, 55), utc(2025, 6, 10, 8, 5))
    decisions = pl.concat([_decisions(1, 6, utc(2025, 6, 10, 1), utc(2025, 6, 10, 7, 50)), around])
    found = CHECKS[check](on_time, decisions, with_peek(peek))
    assert _offenders(found) == {peek.__name__}
    assert {mismatch.instrument_id for mismatch in found} == {1, 2}


@pytest.mark.parametrize("check", CHECKS)
def test_a_peek_at_one_single_candle_is_found(on_time: MarketFacts, check: str) -> None:
    """One decision, one pair, and only one fact that is not known yet: the bar that is open."""
    one = decision_minutes((1,), utc(2025, 6, 10, 5, 0, 2), utc(2025, 6, 10, 5, 0, 2))
    until = {name: getattr(on_time, name) for name in ("candles_1m",)}
    next_bar = pl.col("time") <= utc(2025, 6, 10, 5, 0)
    facts = MarketFacts(**{**on_time.known_by(utc(2025, 6, 10, 5, 0, 2)).__dict__, **until})
    facts = MarketFacts(**{**facts.__dict__, "candles_1m": facts.candles_1m.filter(next_bar)})
    not_known = facts.candles_1m.filter(
        (pl.col("known_at") > utc(2025, 6, 10, 5, 0, 2)) & (pl.col("instrument_id") == 1)
    )
    assert not_known.height == 1
    for peek in (open_bar, mean_with_the_open_bar, shifted_by_one_row):
        assert _offenders(CHECKS[check](facts, one, with_peek(peek))) == {peek.__name__}


@pytest.mark.parametrize("check", CHECKS)
def test_the_catalogue_is_clean_on_a_made_market_with_late_facts(made: MarketFacts, check: str) -> None:
    late = made.candles_1m["known_at"] > made.candles_1m["time"].dt.offset_by("1h")
    assert late.sum() > 50
    decisions = _decisions(2, 25, utc(2025, 6, 9, 23), utc(2025, 6, 10, 8, 29))
    assert CHECKS[check](made, decisions, feature_matrix) == []


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
@pytest.mark.parametrize("check", CHECKS)
def test_the_catalogue_is_clean_on_recorded_markets(check: str) -> None:
    """Random minutes across blocks and gaps: before, inside and after the holes of the recording."""
    start, end = utc(2025, 5, 1), utc(2025, 6, 24)
    pairs = tuple(range(1, 9))
    decisions = pl.concat(
        [
            _decisions(3, 14, utc(2025, 5, 26), utc(2025, 6, 23, 23), pairs),
            _decisions(4, 6, utc(2025, 5, 3, 22), utc(2025, 5, 4, 12), pairs),
            _decisions(5, 6, utc(2025, 5, 25, 10), utc(2025, 5, 25, 14), pairs),
        ]
    )
    assert CHECKS[check](recorded_facts(start, end), decisions, feature_matrix) == []
