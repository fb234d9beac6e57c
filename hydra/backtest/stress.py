"""Scenarios by name: what a day that goes wrong does to a backtest.

Three are planted into a generated market, three change what trading costs and how long orders take.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from hydra.backtest.market import BacktestMarket, DatedTerms
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.ledger.costs import PairCosts
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import Rules

SPREAD_FACTOR: Final = 5
FEE_FACTOR: Final = 2
LATENCY_SECONDS: Final = 60.0


class Stress(StrEnum):
    """CASCADE, OUTAGE, FUNDING_SPIKE: planted into every generated day. SPREAD_X5, FEES_X2: the cost model.
    LATENCY: orders reach the exchange a minute after they are sent."""

    CASCADE = "cascade"
    OUTAGE = "outage"
    FUNDING_SPIKE = "funding_spike"
    SPREAD_X5 = "spread_x5"
    FEES_X2 = "fees_x2"
    LATENCY = "latency"


PLANTED: Final[Mapping[Stress, Scenario]] = {
    Stress.CASCADE: Scenario.CASCADE,
    Stress.OUTAGE: Scenario.OUTAGE,
    Stress.FUNDING_SPIKE: Scenario.FUNDING_SPIKE,
}


def planted_scenarios(stresses: tuple[Stress, ...], origin: MarketOrigin) -> tuple[Scenario, ...]:
    """What has to be planted into the market; the default day where nothing is.

    Raises:
        StopError: into a recorded market nothing can be planted.
    """
    planted = tuple(PLANTED[stress] for stress in stresses if stress in PLANTED)
    if planted and origin is not MarketOrigin.GENERATED:
        names = ", ".join(scenario.value for scenario in planted)
        raise StopError(f"--scenario {names}: it is planted into a generated market; add --market generated")
    return planted or (Scenario.DAY,)


def stressed_market(market: BacktestMarket, stresses: tuple[Stress, ...]) -> BacktestMarket:
    """`market` at the costs that `stresses` ask for."""
    spread = SPREAD_FACTOR if Stress.SPREAD_X5 in stresses else 1
    fees = FEE_FACTOR if Stress.FEES_X2 in stresses else 1
    terms = tuple(
        {key: replace(one, costs=_costs(one.costs, spread, fees)) for key, one in dated.items()}
        for dated in market.terms.terms
    )
    return replace(market, terms=DatedTerms(market.terms.valid_from, terms))


def stressed_rules(rules: Rules, stresses: tuple[Stress, ...]) -> Rules:
    """`rules` with the latency that `stresses` ask for."""
    if Stress.LATENCY not in stresses:
        return rules
    return replace(rules, execution=replace(rules.execution, latency_seconds=LATENCY_SECONDS))


def _costs(costs: PairCosts, spread: int, fees: int) -> PairCosts:
    return replace(
        costs,
        spread_bps=costs.spread_bps * spread,
        maker_fee_bps=costs.maker_fee_bps * fees,
        taker_fee_bps=costs.taker_fee_bps * fees,
    )
