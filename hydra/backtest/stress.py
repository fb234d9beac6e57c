"""The stress scenarios of a backtest.

Three are planted into a generated market; three change the costs or the latency of orders.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import Rules

SPREAD_FACTOR: Final = 5
FEE_FACTOR: Final = 2
LATENCY_SECONDS: Final = 60.0


class Stress(StrEnum):
    """CASCADE, OUTAGE, FUNDING_SPIKE: planted into every generated day. SPREAD_X5, FEES_X2: costs.

    LATENCY: orders reach the exchange a minute after they are sent.
    """

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
    """The scenarios to plant into the market; without one, the default day.

    Raises:
        StopError: the market is recorded.
    """
    planted = tuple(PLANTED[stress] for stress in stresses if stress in PLANTED)
    if planted and origin is not MarketOrigin.GENERATED:
        names = ", ".join(scenario.value for scenario in planted)
        raise StopError(f"--scenario {names}: it is planted into a generated market; add --market generated")
    return planted or (Scenario.DAY,)


def stressed_rules(rules: Rules, stresses: tuple[Stress, ...]) -> Rules:
    """`rules` with the costs and the latency of `stresses`."""
    if Stress.SPREAD_X5 in stresses:
        factor = rules.costs.taker_spread_factor * SPREAD_FACTOR
        rules = replace(rules, costs=replace(rules.costs, taker_spread_factor=factor))
    if Stress.FEES_X2 in stresses:
        maker, taker = rules.costs.maker_fee_bps * FEE_FACTOR, rules.costs.taker_fee_bps * FEE_FACTOR
        rules = replace(rules, costs=replace(rules.costs, maker_fee_bps=maker, taker_fee_bps=taker))
    if Stress.LATENCY in stresses:
        rules = replace(rules, execution=replace(rules.execution, latency_seconds=LATENCY_SECONDS))
    return rules
