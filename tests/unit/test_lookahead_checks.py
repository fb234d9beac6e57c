"""The checks for lookahead find every planted fault, name what leaks, and find nothing in what is real."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hydra.backtest.market import (
    FUNDING_MARK_SCHEMA,
    MARK_SCHEMA,
    BacktestMarket,
    DatedTerms,
    epoch_minute,
)
from hydra.backtest.simulation import Simulation, Stopwatch, prepare
from hydra.checks.check_instants import kinds_of_rows, sample_rows
from hydra.checks.decision_lookahead import (
    Play,
    Simulate,
    decision_lookahead,
    decisions_with_signals,
    feature_lookahead,
    outcome_lookahead,
    play_by,
    simulate_by,
)
from hydra.checks.varied_markets import (
    FIRST_FACT,
    FUTURE_SHOCK,
    OPEN_BAR,
    TABLES,
    TRUNCATION,
    variations,
)
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.features.evaluate import MARKET_FEATURES, Evaluate, feature_matrix
from hydra.features.facts import LAYER_SOURCES, MarketFacts
from hydra.research.outcomes import Outcome, PlannedTrade, approved_trades
from tests.support.checked_market import (
    EIGHT,
    RULES,
    START,
    entry_rows,
    market,
    offending,
    simulated,
    simulation,
)
from tests.support.generated_facts import terms_of
from tests.support.recorded_market import ABSENT, is_recorded, recorded_facts

pytestmark = pytest.mark.slow

_KEY = ["instrument_id", "time"]


# Variations


def test_every_table_is_varied_and_only_after_the_instant() -> None:
    instant = market().time_of(EIGHT) + DECISION_DELAY
    varied = list(variations(market(), instant))
    assert {one.table for one in varied if one.check == FUTURE_SHOCK} == set(TABLES)
    assert {one.table for one in varied if one.check == FIRST_FACT} == set(TABLES)
    before = market().facts.known_by(instant)
    for one in varied:
        known = one.market.facts.known_by(instant)
        assert all(known.of(name).equals(before.of(name)) for name in LAYER_SOURCES)


@pytest.mark.parametrize(("table", "begins"), [("candles_1m", 103), ("candles_5m", 100)])
@pytest.mark.parametrize("check", [FIRST_FACT, OPEN_BAR])
def test_of_candles_one_of_each_pair_is_changed_alone(table: str, begins: int, check: str) -> None:
    instant = market().time_of(103) + DECISION_DELAY
    (one,) = (one for one in variations(market(), instant) if (one.check, one.table) == (check, table))
    before, after = (getattr(facts, table) for facts in (market().facts, one.market.facts))
    changed = before.filter(before["close"] != after["close"])
    assert changed["instrument_id"].to_list() == [1, 2, 3]
    assert set(changed["time"]) == {market().time_of(begins)}


def test_the_sample_holds_every_kind_of_minute() -> None:
    rows = sample_rows(simulation(), 12, seed=1)
    kinds = {name: set(found.tolist()) for name, found in kinds_of_rows(simulation()).items()}
    assert {name for name, found in kinds.items() if found} >= {"settlement", "signal", "entry", "exit"}
    assert all(found & set(rows) for found in kinds.values() if found)
    assert rows == sample_rows(simulation(), 12, seed=1)
    assert rows != sample_rows(simulation(), 12, seed=2)
    assert len(rows) == 12


# Features


def planted(name: str, value: pl.Series, decisions: pl.DataFrame) -> pl.DataFrame:
    return decisions.select(_KEY).with_columns(value.alias(name))


def single_candle(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """The open bar's close over the next one's: a change of all later candles by one factor cancels out."""
    closes = facts.candles_1m.select(*_KEY, "close").sort(_KEY)
    ratio = closes.with_columns(pl.col("close") / pl.col("close").shift(-1).over("instrument_id"))
    minute = decisions.with_columns(pl.col("time").dt.truncate("1m"))
    found = minute.join(ratio, on=_KEY, how="left", maintain_order="left")["close"]
    return planted("single_candle", found, decisions)


def next_funding_rate(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """The rate of the settlement that comes next."""
    rates = facts.funding_rates.select(*_KEY, "rate").sort("time")
    joined = (
        decisions.with_row_index()
        .sort("time")
        .join_asof(rates, on="time", by="instrument_id", strategy="forward", check_sortedness=False)
    )
    return planted("next_funding_rate", joined.sort("index")["rate"], decisions)


def joined_by_position(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    """A return that stands one row too early."""
    returns = facts.candles_1m.select(*_KEY, pl.col("close").pct_change().over("instrument_id"))
    shifted = returns.with_columns(pl.col("close").shift(-1).over("instrument_id"))
    last = decisions.with_columns(pl.col("time").dt.truncate("1m").dt.offset_by("-1m"))
    found = last.join(shifted, on=_KEY, how="left", maintain_order="left")["close"]
    return planted("joined_by_position", found, decisions)


@pytest.mark.parametrize(
    ("evaluate", "found_by"),
    [
        (single_candle, {(TRUNCATION, "all tables"), (FIRST_FACT, "candles_1m"), (OPEN_BAR, "candles_1m")}),
        (
            next_funding_rate,
            {
                (TRUNCATION, "all tables"),
                (FUTURE_SHOCK, "funding_rates"),
                (FIRST_FACT, "funding_rates"),
            },
        ),
        (
            joined_by_position,
            {
                (TRUNCATION, "all tables"),
                (FUTURE_SHOCK, "candles_1m"),
                (FIRST_FACT, "candles_1m"),
                (OPEN_BAR, "candles_1m"),
            },
        ),
    ],
    ids=["single candle", "future funding rate", "row shift"],
)
def test_a_planted_feature_is_found_with_the_table_that_leaks(
    evaluate: Evaluate, found_by: set[tuple[str, str]]
) -> None:
    rows = [100, EIGHT - 100]
    found = offending(feature_lookahead(simulation(), rows, evaluate))
    assert set(found) == found_by
    assert set.union(*found.values()) == {evaluate.__name__}


def test_no_feature_of_the_catalogue_knows_the_future() -> None:
    rows = [EIGHT, *entry_rows()[:1]]
    results = feature_lookahead(simulation(), rows)
    assert offending(results) == {}
    assert {one.varied for one in results} == {"all tables", *LAYER_SOURCES}
    whole = next(one for one in results if one.varied == "all tables")
    assert whole.compared == len(rows) * 3 * len(MARKET_FEATURES)


def test_features_that_copy_the_signal_are_compared_with_values() -> None:
    decisions = decisions_with_signals(simulation(), entry_rows()[0])
    matrix = feature_matrix(market().facts, decisions)
    assert matrix["signal_direction"].drop_nulls().len() > 0


# Decisions


def reads_the_open_bar(given: BacktestMarket) -> Simulation:
    """The price of a decision is the close of the bar that opens with it."""
    prepared = prepare(given, Stopwatch())
    closes = given.facts.candles_1m.select(*_KEY, pl.col("close").alias("seen"))
    minute = prepared.inputs.with_columns(pl.col("time").dt.truncate("1m"))
    seen = minute.join(closes, on=_KEY, how="left", maintain_order="left")["seen"]
    inputs = prepared.inputs.with_columns(seen.fill_null(prepared.inputs["last_close"]).alias("last_close"))
    return simulated(prepared, inputs=inputs)


def rates_joined_by_position(given: BacktestMarket) -> Simulation:
    """The funding rate of a decision is that of the next row of its pair."""
    prepared = prepare(given, Stopwatch())
    moved = pl.col("funding_rate").shift(-1).over("instrument_id")
    return simulated(prepared, inputs=prepared.inputs.with_columns(moved))


def knows_the_next_rate(given: BacktestMarket) -> Simulation:
    """Funding rates are known half an hour before they are settled."""
    early = given.facts.funding_rates.with_columns(pl.col("time", "known_at") - pl.duration(minutes=30))
    seen = replace(given, facts=replace(given.facts, funding_rates=early))
    prepared = prepare(given, Stopwatch())
    return simulated(prepared, inputs=prepare(seen, Stopwatch()).inputs)


def marks_one_row_early(given: BacktestMarket) -> Simulation:
    """Positions are checked and valued at the mark of the minute to come."""
    prepared = prepare(given, Stopwatch())
    early = np.roll(prepared.bars.mark_price, -1, axis=0)
    return simulated(prepared, bars=replace(prepared.bars, mark_price=early))


def one_pair_held_at(given: Simulation) -> int:
    """A minute in which something is held, a while after its entry."""
    return int(np.flatnonzero(given.log.held.any(axis=1))[30])


@pytest.mark.parametrize(
    ("run", "table", "value"),
    [
        (reads_the_open_bar, "candles_1m", "last_close"),
        (rates_joined_by_position, "funding_rates", "funding_rate"),
        (knows_the_next_rate, "funding_rates", "funding_rate"),
        (marks_one_row_early, "mark_prices", "unrealised_e8"),
    ],
    ids=["open bar", "row shift", "future funding rate", "mark of the next row"],
)
def test_a_planted_decision_is_found_with_the_table_that_leaks(run: Simulate, table: str, value: str) -> None:
    row = {"last_close": entry_rows()[0], "unrealised_e8": one_pair_held_at(run(market()))}.get(value, EIGHT)
    row = row - 5 if run is knows_the_next_rate else row
    found = offending(decision_lookahead(market(), [row], run))
    assert value in found[FUTURE_SHOCK, table]
    assert value in found[FIRST_FACT, table]
    others = {varied for check, varied in found if check == FUTURE_SHOCK}
    assert others - {table} == set()


def test_what_changes_the_same_rows_is_decided_once_and_compared_twice() -> None:
    """Each pair has one settlement left: to change all later ones, or the next alone, is the same market."""
    decided = [market()]

    def counted(given: BacktestMarket) -> Simulation:
        assert given is not decided[-1]
        decided.append(given)
        return simulation()

    results = decision_lookahead(market(), [EIGHT], counted, simulation())
    varied = [(one.check.rpartition(": ")[2], one.varied) for one in results]
    assert {(FUTURE_SHOCK, "funding_rates"), (FIRST_FACT, "funding_rates")} <= set(varied)
    assert len(decided) - 1 < len(set(varied))
    assert all(one.compared > 1000 for one in results)


def test_another_mark_needs_no_new_features_and_another_fact_does() -> None:
    run, given = simulate_by(RULES), market()
    first = run(given)
    marked = run(replace(given, mark_prices=given.mark_prices.head(100)))
    assert marked.prepared.inputs is first.prepared.inputs
    assert not np.array_equal(marked.prepared.bars.mark_price, first.prepared.bars.mark_price, equal_nan=True)
    closes = replace(given.facts, candles_1m=given.facts.candles_1m.with_columns(pl.col("close") * 1.01))
    other = run(replace(given, facts=closes))
    assert not other.prepared.inputs["last_close"].equals(first.prepared.inputs["last_close"])
    shorter = run(replace(given, minutes=given.minutes[:100]))
    assert shorter.prepared.inputs.height == 100 * len(given.instrument_ids)


def test_no_decision_order_or_amount_knows_the_future() -> None:
    rows = [*entry_rows(), EIGHT]
    results = decision_lookahead(market(), rows, simulate_by(RULES), simulation())
    assert offending(results) == {}
    assert {one.varied for one in results} == {"all tables", *TABLES}
    assert all(one.compared > 1000 for one in results)


def with_late_facts(given: BacktestMarket) -> BacktestMarket:
    """In the decided hours one fact in eighty, and every third settlement, is up to 15 minutes late."""
    chance = np.random.default_rng(5)

    def late(frame: pl.DataFrame, share: float) -> pl.DataFrame:
        is_late = chance.random(frame.height) < share
        seconds = pl.lit(pl.Series(np.where(is_late, chance.integers(30, 900, frame.height), 0)))
        decided = pl.col("time") >= START
        delay = pl.when(decided).then(pl.duration(seconds=seconds)).otherwise(pl.duration())
        return frame.with_columns(pl.col("known_at") + delay)

    facts = replace(
        given.facts,
        candles_1m=late(given.facts.candles_1m, 1 / 80),
        candles_5m=late(given.facts.candles_5m, 1 / 80),
        funding_rates=late(given.facts.funding_rates, 1 / 3),
        liquidations=late(given.facts.liquidations, 1 / 80),
    )
    return replace(given, facts=facts, mark_prices=late(given.mark_prices, 1 / 80))


def test_late_facts_are_not_known_early_either() -> None:
    late = with_late_facts(market())
    late = replace(late, minutes=late.minutes[100:])
    whole = simulate_by(RULES)(late)
    gaps = kinds_of_rows(whole)["gap"]
    assert len(gaps) > 10
    rows = [int(gaps[len(gaps) // 3]) - 1]
    assert offending(feature_lookahead(whole, rows)) == {}
    assert offending(decision_lookahead(late, rows, simulate_by(RULES), whole)) == {}
    assert offending(outcome_lookahead(late, approved_trades(whole)[1:3], play_by(RULES))) == {}


# Outcomes


def trades() -> list[PlannedTrade]:
    return approved_trades(simulation())[2:5]


def knows_the_end(given: BacktestMarket, trade: PlannedTrade) -> Outcome | None:
    """The profit is taken at the last price of all."""
    outcome = play_by(RULES)(given, trade)
    last = given.facts.candles_1m.filter(pl.col("instrument_id") == trade.plan.instrument_id)
    gross = trade.plan.quantity * round(last["close"][-1])
    return None if outcome is None else replace(outcome, gross_usd=gross)


def rests_on_the_past(given: BacktestMarket, trade: PlannedTrade) -> Outcome | None:
    """The label holds the price before the decision, which features know as well."""
    outcome = play_by(RULES)(given, trade)
    before = given.facts.candles_1m.filter(pl.col("time") < given.time_of(trade.row))
    return None if outcome is None else replace(outcome, filled=outcome.filled and before.height > 0)


def begins_before_its_decision(given: BacktestMarket, trade: PlannedTrade) -> Outcome | None:
    """A label that is dated by its candle, not by its decision."""
    outcome = play_by(RULES)(given, trade)
    return outcome and replace(outcome, label_start=outcome.label_start - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("play", "found_by", "value"),
    [
        (knows_the_end, (FUTURE_SHOCK, "candles_1m"), "outcome: gross_usd"),
        (rests_on_the_past, ("no past", "all tables"), "outcome: filled"),
        (begins_before_its_decision, ("dates", "nothing"), "label_start"),
    ],
)
def test_a_planted_outcome_is_found(play: Play, found_by: tuple[str, str], value: str) -> None:
    assert offending(outcome_lookahead(market(), trades(), play))[found_by] == {value}


def test_an_outcome_rests_on_what_lies_between_its_dates() -> None:
    results = outcome_lookahead(market(), trades(), play_by(RULES))
    assert offending(results) == {}
    assert sum(one.compared for one in results) > 100


# Recorded markets


def recorded_market() -> BacktestMarket:
    start = datetime(2025, 6, 20, tzinfo=UTC)
    facts = recorded_facts(start - timedelta(days=37), start + timedelta(hours=12))
    ids = tuple(range(1, 9))
    return BacktestMarket(
        instrument_ids=ids,
        minutes=epoch_minute(start) + np.arange(12 * 60, dtype=np.int64),
        facts=facts,
        mark_prices=pl.DataFrame(schema=MARK_SCHEMA),
        funding_marks=pl.DataFrame(schema=FUNDING_MARK_SCHEMA),
        terms=DatedTerms((start,), (terms_of(ids),)),
    )


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
def test_nothing_knows_the_future_on_a_recorded_market() -> None:
    recorded = recorded_market()
    whole = simulate_by(RULES)(recorded)
    rows = [*kinds_of_rows(whole)["signal"][:1].tolist(), EIGHT]
    assert offending(feature_lookahead(whole, rows)) == {}
    assert offending(decision_lookahead(recorded, [EIGHT], simulate_by(RULES), whole)) == {}
    planned = approved_trades(whole)[:2]
    assert offending(outcome_lookahead(recorded, planned, play_by(RULES))) == {}


def test_the_market_of_these_tests_begins_where_it_says() -> None:
    assert market().time_of(EIGHT) == START + timedelta(hours=8)
