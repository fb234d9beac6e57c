"""The simulator skips minutes; its results must be those of playing every minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from hydra.backtest.equity_path import E8, equity_path
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, prepare, simulate
from hydra.backtest.verdict_counts import decision_reasons, verdict_counts
from hydra.domain import FillEvidence, KillScope, ReasonCode
from hydra.layers.layer4_kill import KillParameters
from hydra.sim.market.settings import MarketSettings, Scenario
from tests.support.generated_facts import generated_market
from tests.support.two_simulations import plain, rules

pytestmark = pytest.mark.slow

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 26 * 60


TORN, HOLED, TRADED = "torn", "holed", "traded"
MARKETS = [Scenario.DAY, Scenario.CALM, Scenario.OUTAGE, Scenario.FUNDING_EXTREME, TORN, HOLED, TRADED]


@pytest.fixture(scope="module", params=MARKETS, ids=str)
def prepared(request: pytest.FixtureRequest) -> PreparedMarket:
    """A day and two hours with its scenario, after eight days of history."""
    spoils = {TORN: torn, HOLED: holed}.get(request.param)
    is_traded = request.param == TRADED
    scenario = Scenario.CALM if spoils else Scenario.DAY if is_traded else request.param
    settings = MarketSettings(
        seed=11,
        start=START,
        warm_up_days=8,
        scenarios=(scenario,),
        book_interval_seconds=5 if is_traded else 15,
        with_trades=is_traded,
    )
    market = generated_market(settings, MINUTES)
    return prepare(spoils(market) if spoils else market, Stopwatch())


def torn(market: BacktestMarket) -> BacktestMarket:
    """One candle in fifty is missing, one in fifty late, and most are so thin that orders fill in parts."""
    candles = market.facts.candles_1m
    chance = np.random.default_rng(7)
    is_late, is_thin, is_there = (pl.Series(chance.random(candles.height) < p) for p in (0.02, 0.7, 0.98))
    known_at = pl.col("known_at") + pl.when(is_late).then(timedelta(seconds=150)).otherwise(timedelta(0))
    volume = pl.col("volume") * pl.when(is_thin).then(1e-5).otherwise(1.0)
    kept = candles.with_columns(known_at.alias("known_at"), volume.alias("volume")).filter(is_there)
    return replace(market, facts=replace(market.facts, candles_1m=kept))


def holed(market: BacktestMarket) -> BacktestMarket:
    """Of each pair six hours of candles are missing, at another time; the last pair ends early."""
    candles = market.facts.candles_1m
    since = (pl.col("time") - START).dt.total_minutes()
    begins = pl.col("instrument_id").cast(pl.Int64) * 150
    is_missing = (since >= begins) & (since < begins + 360)
    is_last = (pl.col("instrument_id") == market.instrument_ids[-1]) & (since >= MINUTES - 240)
    return replace(market, facts=replace(market.facts, candles_1m=candles.filter(~(is_missing | is_last))))


@pytest.fixture(scope="module")
def skipping(prepared: PreparedMarket) -> Simulation:
    return simulate(prepared, rules(), 1, Stopwatch(), closes_at_the_end=True)


@pytest.fixture(scope="module")
def stepped(prepared: PreparedMarket) -> Simulation:
    return simulate(prepared, rules(), 1, Stopwatch(), plays_every_minute=True, closes_at_the_end=True)


def test_the_market_has_something_to_do(skipping: Simulation) -> None:
    assert len(skipping.log.journal.positions) >= 8
    evidence = {fill["evidence"] for fill in skipping.log.journal.fills}
    assert (FillEvidence.BOOK in evidence) == (skipping.prepared.market.flow is not None)
    # An exit that waits for a candle plays every minute of a hole.
    is_holed = skipping.log.minutes.stale.any()
    assert skipping.log.played.sum() < MINUTES * (0.8 if is_holed else 0.5), "most minutes are skipped"


def test_orders_fills_and_positions_are_those_of_playing_every_minute(
    skipping: Simulation, stepped: Simulation
) -> None:
    one, other = skipping.log.journal, stepped.log.journal
    assert one.fills == other.fills
    assert one.order_events == other.order_events
    assert plain(one.position_events) == plain(other.position_events)
    assert [replace(order) for order in one.orders] == other.orders
    positions = [replace(position, last_sequence=0) for position in one.positions]
    assert positions == [replace(position, last_sequence=0) for position in other.positions]


def test_money_is_that_of_playing_every_minute(skipping: Simulation, stepped: Simulation) -> None:
    assert skipping.simulator.portfolio == stepped.simulator.portfolio
    one = equity_path(skipping.prepared.market, skipping.log)
    other = equity_path(stepped.prepared.market, stepped.log)
    for name in ("cash_e8", "unrealised_e8", "day_peak_e8", "peak_e8", "exposure_e8"):
        assert np.abs(getattr(one, name) - getattr(other, name)).max() <= 1, name
    assert np.allclose(one.heat, other.heat, rtol=1e-9, atol=1e-12)
    assert (one.stale == other.stale).all()


def test_every_verdict_is_that_of_playing_every_minute(skipping: Simulation, stepped: Simulation) -> None:
    reasons, approved = decision_reasons(skipping.columns, skipping.log)
    expected_reasons, expected_approved = decision_reasons(stepped.columns, stepped.log)
    assert (reasons == expected_reasons).all()
    assert (approved == expected_approved).all()
    assert (skipping.log.held == stepped.log.held).all()
    assert skipping.log.kills == stepped.log.kills


def test_counts_add_up_to_every_decision(skipping: Simulation) -> None:
    counts = verdict_counts(skipping.prepared.market, skipping.columns, skipping.log)
    by_layer = dict(counts.group_by("layer").agg(verdicts="verdicts").select("layer", "verdicts").rows())
    assert sum(by_layer[2]) == sum(by_layer[4]) == skipping.decisions
    assert sum(by_layer[3]) == skipping.columns.scored.height


def test_equity_begins_with_the_balance_and_ends_with_what_was_earned(skipping: Simulation) -> None:
    equity = equity_path(skipping.prepared.market, skipping.log)
    earned = sum((one.net_pnl_usd for one in skipping.log.journal.positions), Decimal(0))
    assert equity.cash_e8[0] == 10_000 * E8
    assert Decimal(int(equity.cash_e8[-1])) / E8 == 10_000 + earned
    assert (equity.equity_e8 <= equity.day_peak_e8).all()
    assert (equity.day_peak_e8 <= equity.peak_e8).all()


def test_a_repeated_simulation_is_equal(prepared: PreparedMarket, skipping: Simulation) -> None:
    again = simulate(prepared, rules(), 1, Stopwatch(), closes_at_the_end=True)
    assert again.log.journal.fills == skipping.log.journal.fills
    assert again.log.cash == skipping.log.cash


def test_a_kill_of_one_pair_leaves_the_others_trading(prepared: PreparedMarket) -> None:
    own = rules()
    of_a_pair = KillParameters(scope=KillScope.PAIR, daily_drawdown=0.9)
    paired = replace(own, risk=replace(own.risk, kill=of_a_pair))
    skipping = simulate(prepared, paired, 1, Stopwatch())
    stepped = simulate(prepared, paired, 1, Stopwatch(), plays_every_minute=True)
    assert skipping.log.kills == stepped.log.kills
    assert skipping.log.journal.fills == stepped.log.journal.fills


def test_a_deep_day_latches_the_whole_portfolio(prepared: PreparedMarket) -> None:
    own = rules()
    nervous = replace(own, risk=replace(own.risk, kill=KillParameters(daily_drawdown=0.002)))
    skipping = simulate(prepared, nervous, 1, Stopwatch())
    stepped = simulate(prepared, nervous, 1, Stopwatch(), plays_every_minute=True)
    assert skipping.log.kills == stepped.log.kills
    assert skipping.log.kills[0].kill.scope is KillScope.PORTFOLIO
    assert skipping.simulator.portfolio == stepped.simulator.portfolio


@pytest.mark.parametrize("scope", list(KillScope))
def test_an_assumed_operator_clears_what_is_over_and_trading_goes_on(
    prepared: PreparedMarket, scope: KillScope
) -> None:
    """Leapt and stepped alike; never before the hour has passed, never while the cause is there (C130)."""
    own = rules()
    nervous = replace(
        own.risk, kill=KillParameters(daily_drawdown=0.002, funding_rate_8h=0.0007, scope=scope)
    )
    watched = replace(own, risk=nervous, resume_after_hours=1.0)
    skipping = simulate(prepared, watched, 1, Stopwatch())
    stepped = simulate(prepared, watched, 1, Stopwatch(), plays_every_minute=True)
    assert skipping.log.kills == stepped.log.kills
    assert skipping.log.journal.fills == stepped.log.journal.fills
    assert skipping.simulator.portfolio == stepped.simulator.portfolio
    reasons, _ = decision_reasons(skipping.columns, skipping.log)
    assert (reasons == decision_reasons(stepped.columns, stepped.log)[0]).all()
    cleared = [one for one in skipping.log.kills if one.cleared_row is not None]
    assert cleared
    equity = equity_path(skipping.prepared.market, skipping.log)
    for one in cleared:
        row = one.cleared_row
        assert row is not None
        assert row >= one.row + 60
        is_of_pair = one.kill.scope is KillScope.PAIR
        causes = skipping.simulator.grids.is_kill_due[row]
        assert not (causes[one.column] if is_of_pair else causes.any())
        assert is_of_pair or equity.equity_e8[row] >= equity.day_peak_e8[row] * 0.998


def test_without_an_operator_the_first_latch_stays(prepared: PreparedMarket) -> None:
    own = rules()
    nervous = replace(own, risk=replace(own.risk, kill=KillParameters(daily_drawdown=0.002)))
    kills = simulate(prepared, nervous, 1, Stopwatch()).log.kills
    assert [one.cleared_row for one in kills] == [None] * len(kills)


def test_a_reversal_needs_a_cascade_behind_it(skipping: Simulation) -> None:
    """Every firing of the printed function is there; only those after a cascade are approved (C129)."""
    scored = skipping.columns.scored.filter(pl.col("source") == "LIQUIDATION_REVERSAL")
    has_cascade = ((pl.col("liq_zscore_max_1h") >= 2) | (pl.col("liq_velocity") >= 0.002)).fill_null(
        value=False
    )
    refused = scored.filter(pl.col("reason_code") == ReasonCode.NO_CASCADE.value)
    assert refused.height == scored.filter(~has_cascade).height > 0
    assert not refused["approved"].any()
