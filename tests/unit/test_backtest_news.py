"""Stored news views in a backtest: they veto and close, the same whether minutes are skipped or played."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from hydra.backtest.market import BacktestMarket
from hydra.backtest.news import NEWS_SCHEMA
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, prepare, simulate
from hydra.checks.compare_simulations import compare_columns, compare_paths
from hydra.checks.comparer import CheckResult
from hydra.checks.decision_lookahead import Simulate, simulate_by
from hydra.checks.varied_markets import FIRST_FACT, FUTURE_SHOCK, NEWS, VariedMarket, variations
from hydra.domain import ReasonCode
from hydra.durations import MINUTE
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.sim.market.settings import MarketSettings, Scenario
from tests.support.generated_facts import generated_market
from tests.support.two_simulations import plain, rules

pytestmark = pytest.mark.slow

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 26 * 60


@pytest.fixture(scope="module")
def quiet() -> PreparedMarket:
    """A day and two hours without news."""
    settings = MarketSettings(seed=11, start=START, warm_up_days=8, scenarios=(Scenario.DAY,))
    return prepare(generated_market(settings, MINUTES), Stopwatch())


@pytest.fixture(scope="module")
def untold(quiet: PreparedMarket) -> Simulation:
    return simulate(quiet, rules(), 1, Stopwatch())


@pytest.fixture(scope="module")
def prepared(quiet: PreparedMarket, untold: Simulation) -> PreparedMarket:
    """The same with a sure exit in the middle of every other position, and a hold now and then."""
    rows = []
    for number, position in enumerate(untold.log.journal.positions):
        if position.closed_time is None or position.closed_time - position.opened_time < 6 * MINUTE:
            continue
        middle = position.opened_time + (position.closed_time - position.opened_time) / 2
        time = middle.replace(second=0, microsecond=0)
        action = "exit" if number % 2 == 0 else "hold"
        known_at = time + timedelta(seconds=20)
        rows.append((position.instrument_id, time, known_at, action, "high", None))
    news = pl.DataFrame(rows, schema=NEWS_SCHEMA, orient="row").unique(["instrument_id", "time"])
    return replace(quiet, market=replace(quiet.market, news=news.sort("instrument_id", "time")))


@pytest.fixture(scope="module")
def skipping(prepared: PreparedMarket) -> Simulation:
    return simulate(prepared, rules(), 1, Stopwatch())


@pytest.fixture(scope="module")
def stepped(prepared: PreparedMarket) -> Simulation:
    return simulate(prepared, rules(), 1, Stopwatch(), plays_every_minute=True)


def test_views_close_positions_and_veto_entries(skipping: Simulation, untold: Simulation) -> None:
    reasons = Counter(one.exit_reason_code for one in skipping.log.journal.positions)
    assert reasons[ReasonCode.NEWS_EXIT] >= 2
    assert ReasonCode.NEWS_EXIT not in {one.exit_reason_code for one in untold.log.journal.positions}
    vetoes = set(skipping.columns.scored["reason_code"].cast(pl.String).unique())
    assert vetoes & {"NEWS_EXIT", "NEWS_HOLD"}


def test_a_news_exit_is_of_a_position_that_was_open_before_and_closes_it_after(
    skipping: Simulation,
) -> None:
    news = skipping.prepared.market.news
    assert news is not None
    closed = [one for one in skipping.log.journal.positions if one.exit_reason_code is ReasonCode.NEWS_EXIT]
    for one in closed:
        own = news.filter((pl.col("instrument_id") == one.instrument_id) & (pl.col("action") == "exit"))
        known = [at for at in own["known_at"] if one.opened_time < at <= (one.closed_time or at)]
        assert known, "no view between its beginning and its end"


def test_news_only_take_entries_away(skipping: Simulation, untold: Simulation) -> None:
    """Every signal that is chosen with news was chosen without them."""
    key = ["instrument_id", "time", "source", "side"]
    with_news, without = (one.columns.scored.filter("chosen").select(key) for one in (skipping, untold))
    assert with_news.join(without, on=key, how="anti").is_empty()
    assert with_news.height < without.height


def test_skipping_minutes_changes_nothing(skipping: Simulation, stepped: Simulation) -> None:
    one, other = skipping.log.journal, stepped.log.journal
    assert one.fills == other.fills
    assert one.order_events == other.order_events
    assert plain(one.position_events) == plain(other.position_events)
    assert skipping.log.played.sum() < MINUTES * 0.8
    assert skipping.simulator.portfolio == stepped.simulator.portfolio


def test_the_check_of_look_ahead_takes_later_views_away_and_finds_no_difference(
    prepared: PreparedMarket,
) -> None:
    market = prepared.market
    assert market.news is not None
    row = MINUTES // 3
    varied = news_variations(market, row)
    assert {one.check for one in varied} == {FUTURE_SHOCK, FIRST_FACT}
    assert all(_views(one) < market.news.height for one in varied)
    result = compared(market, row, simulate_by(rules()))
    assert result.compared > 0
    assert result.mismatches == 0


def test_a_view_that_is_read_before_it_was_known_is_found(prepared: PreparedMarket) -> None:
    """The planted fault: a view counts from half an hour before its answer."""
    market = prepared.market
    assert market.news is not None

    def peeking(given: BacktestMarket) -> Simulation:
        if given.news is None:
            raise AssertionError("the views were lost")
        return simulate_by(rules())(
            replace(given, news=given.news.with_columns(pl.col("known_at") - 30 * MINUTE))
        )

    ordered = market.news.filter(pl.col("action") == "exit").sort("time")
    row = int((ordered["time"][0] - market.time_of(0)) / MINUTE) - 1
    assert compared(market, row, peeking).mismatches > 0


def _views(varied: VariedMarket) -> int:
    return 0 if varied.market.news is None else varied.market.news.height


def news_variations(market: BacktestMarket, row: int) -> list[VariedMarket]:
    instant = market.time_of(row) + DECISION_DELAY
    return [one for one in variations(market, instant) if one.table == NEWS]


def compared(market: BacktestMarket, row: int, run: Simulate) -> CheckResult:
    """What `decision_lookahead` compares, for the news alone."""
    whole, result = run(market), CheckResult("news", NEWS)
    for one in news_variations(market, row):
        other = run(one.market)
        compare_columns(result, whole, other, range(row + 1))
        compare_paths(result, whole, other, row)
    return result
