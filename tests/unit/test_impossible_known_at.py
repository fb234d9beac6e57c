"""A fact that claims to be known before it is true is found, and only such a fact."""

from dataclasses import replace

import polars as pl
import pytest

from hydra.backtest.market import BacktestMarket
from hydra.checks.decision_lookahead import feature_lookahead, simulate_by
from hydra.checks.impossible_known_at import CHECK, impossible_known_at
from hydra.features.facts import SOURCES
from tests.support.checked_market import RULES, START, market, offending

pytestmark = pytest.mark.slow


def claiming(table: str, known_at: pl.Expr) -> BacktestMarket:
    """The market with one fact of the decided hours, the third of its table, known at another instant."""
    facts = market().facts
    frame = market().mark_prices if table == "mark_prices" else getattr(facts, table)
    third = frame.filter(pl.col("time") >= START).row(2, named=True)
    chosen = (pl.col("instrument_id") == third["instrument_id"]) & (pl.col("time") == third["time"])
    lying = frame.with_columns(pl.when(chosen).then(known_at).otherwise(pl.col("known_at")).alias("known_at"))
    if table == "mark_prices":
        return replace(market(), mark_prices=lying)
    return replace(market(), facts=replace(facts, **{table: lying}))


LENGTHS = {"candles_1m": "1m", "candles_5m": "5m", "mark_prices": "1m"}


@pytest.mark.parametrize(
    "table",
    [
        "candles_1m",
        "candles_5m",
        "funding_rates",
        "open_interest_5m",
        "positioning",
        "liquidations",
        "mark_prices",
    ],
)
def test_a_fact_that_claims_to_be_known_before_it_is_true_is_found(table: str) -> None:
    """A bar is true at its close, the others at their time; a microsecond before that is a lie."""
    true_at = pl.col("time").dt.offset_by(LENGTHS.get(table, "0m"))
    lies = impossible_known_at(claiming(table, true_at - pl.duration(microseconds=1)))
    assert offending(lies) == {(CHECK.rpartition(": ")[2], table): {"known_at"}}
    assert offending(impossible_known_at(claiming(table, true_at))) == {}


def test_the_checks_that_trust_known_at_do_not_find_the_lie() -> None:
    """Why the one above is needed: an open candle that says it is known passes as knowledge."""
    lying = claiming("candles_1m", pl.col("time"))
    rows = [2, 3]
    whole = simulate_by(RULES)(lying)
    assert offending(feature_lookahead(whole, rows)) == {}
    assert offending(impossible_known_at(lying)) != {}


def test_the_facts_of_the_market_are_all_looked_at_and_honest() -> None:
    results = impossible_known_at(market())
    assert offending(results) == {}
    assert {one.varied for one in results} == {*SOURCES, "mark_prices"}
    assert sum(one.compared for one in results) > 100_000
