"""The costs of a run: parameters of its rules, paid by its fills; stress takes and never gives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, prepare, simulate
from hydra.backtest.stress import Stress, stressed_rules
from hydra.ledger.costs import CostParameters, PairCosts
from hydra.sim.market.settings import MarketSettings
from hydra.trading.pair_state import Position
from hydra.trading.parameters import Rules
from tests.support.generated_facts import generated_market

START = datetime(2025, 6, 1, tzinfo=UTC)
FEEDS = frozenset(("liquidations", "order_book"))


@pytest.fixture(scope="module")
def prepared() -> PreparedMarket:
    """Eight hours of a generated day."""
    settings = MarketSettings(seed=11, start=START, warm_up_days=8, book_interval_seconds=15)
    return prepare(generated_market(settings, 8 * 60), Stopwatch())


def rules(costs: CostParameters) -> Rules:
    """Rules that do not size by costs, so that trades of different costs can be compared."""
    plain = Rules(costs=costs)
    health = replace(plain.statistical.data_health, feeds=FEEDS)
    statistical = replace(plain.statistical, data_health=health)
    return replace(plain, statistical=statistical, risk=replace(plain.risk, enforce_risk_cap=False))


def decided(prepared: PreparedMarket, costs: CostParameters, *stresses: Stress) -> Simulation:
    return simulate(prepared, stressed_rules(rules(costs), stresses), 1, Stopwatch())


def closed(simulation: Simulation) -> Sequence[Position]:
    return [one for one in simulation.log.journal.positions if one.closed_time is not None]


def fees(simulation: Simulation, *, is_maker: bool) -> set[Decimal]:
    """The fees of the fills, basis points of their notional."""
    return {
        round(row["fee_usd"] / (row["price"] * row["quantity"]) * 10_000, 4)
        for row in simulation.log.journal.fills
        if row["is_maker"] is is_maker
    }


def test_fills_pay_the_fees_of_the_run(prepared: PreparedMarket) -> None:
    costs = CostParameters(maker_fee_bps=Decimal("1.5"), taker_fee_bps=Decimal(7))
    simulation = decided(prepared, costs)
    assert fees(simulation, is_maker=True) == {Decimal("1.5")}
    assert fees(simulation, is_maker=False) == {Decimal(7)}


def test_the_terms_of_every_pair_hold_the_costs_of_the_run(prepared: PreparedMarket) -> None:
    spreads = {**CostParameters().spread_bps, "BTC": Decimal(2)}
    simulation = decided(prepared, CostParameters(spread_bps=spreads))
    found = {one.pair.base: one.costs for one in simulation.prepared.market.terms.at(START).values()}
    assert found["BTC"] == PairCosts(Decimal(2), Decimal(1))
    assert found["ETH"] == PairCosts(Decimal("0.5"), Decimal(1))
    # The market that was prepared once is as it was: the next trial of a sweep brings its own costs.
    assert prepared.market.terms.at(START)[simulation.prepared.market.instrument_ids[0]].costs.spread_bps != 2


@pytest.mark.parametrize("stress", [Stress.SPREAD_X5, Stress.FEES_X2])
def test_a_stress_of_the_costs_improves_no_trade(prepared: PreparedMarket, stress: Stress) -> None:
    plain, stressed = (closed(decided(prepared, CostParameters(), *how)) for how in ((), (stress,)))
    others = {(one.instrument_id, one.decision_time): one for one in stressed}
    both = [
        (one, others[one.instrument_id, one.decision_time])
        for one in plain
        if (one.instrument_id, one.decision_time) in others
    ]
    assert len(both) >= 5
    for one, other in both:
        assert other.entry_price == one.entry_price, "a resting order stands where it stood"
    before, after = (
        [one.net_pnl_usd / one.peak_quantity for one in trades] for trades in zip(*both, strict=True)
    )
    # Where both orders rest, a wider spread costs nothing; amounts are booked to eight decimals.
    assert all(worse <= better + Decimal("1e-8") for better, worse in zip(before, after, strict=True))
    assert sum(after) < sum(before)
