"""The terms of a pair at a time: of the exchange, the universe and the cost model.

Source: README document, "Asset Universe"; C36, C48, C126, C127.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

import psycopg

from hydra.db import queries
from hydra.layers.layer4_filters import InstrumentFilters
from hydra.layers.layer4_risk import PairTerms
from hydra.layers.layer5_orders import post_only_price
from hydra.ledger.costs import CostParameters, PairCosts, half_spread, round_trip_cost
from hydra.ledger.liquidation import MaintenanceBracket, liquidation_price
from hydra.universe import UNIVERSE, Pair, find_pair

_UNLISTED: Final = max(UNIVERSE, key=lambda pair: pair.volatility_multiplier)
"""Stands for pairs outside the universe (generated ones): its most volatile member."""


@dataclass(frozen=True)
class InstrumentSpec:
    """The terms of one pair: order filters, brackets, costs, and its entry in the universe."""

    instrument_id: int
    pair: Pair
    costs: PairCosts
    filters: InstrumentFilters
    maintenance: tuple[MaintenanceBracket[float], ...]
    leverage_brackets: tuple[tuple[float, float], ...]

    def liquidation_price(
        self, direction: int, entry_price: float, quantity: float, margin_usd: float
    ) -> float:
        """See `hydra.ledger.liquidation.liquidation_price`."""
        return liquidation_price(direction, entry_price, quantity, margin_usd, self.maintenance)

    @cached_property
    def for_risk(self) -> PairTerms:
        """The same for layer 4."""
        return PairTerms(
            volatility_multiplier=self.pair.volatility_multiplier,
            size_multiplier=self.pair.size_multiplier,
            max_leverage=self.pair.max_leverage,
            round_trip_cost=float(round_trip_cost(self.costs)),
            filters=self.filters,
            brackets=self.leverage_brackets,
            liquidation_price=self.liquidation_price,
            order_price=self.order_price,
        )

    def best_bid_ask(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Best bid and best ask of the cost model around the last price (C126)."""
        half = half_spread(price, self.costs.spread_bps)
        return price - half, price + half

    def order_price(self, direction: int, price: Decimal) -> Decimal:
        """The post-only price of an entry while the last price is `price` (C41)."""
        return post_only_price(direction, self.best_bid_ask(price), self.filters)


def read_terms(
    connection: psycopg.Connection,
    instrument_ids: Sequence[int],
    time: datetime,
    costs: CostParameters,
) -> dict[int, InstrumentSpec]:
    """The terms at `time`, with the costs of the run. Pairs without filters or brackets are left out."""
    if not instrument_ids:
        return {}
    values = {"instrument_ids": list(instrument_ids), "time": time}
    rows = connection.execute(queries.load("stages/terms"), values).fetchall()
    return {row[0]: _terms(costs, *row) for row in rows}


def _terms(  # noqa: PLR0913, PLR0917  # the columns of the row
    cost_parameters: CostParameters,
    instrument_id: int,
    base: str,
    filters: tuple[Decimal, ...],
    caps: list[Decimal],
    rates: list[Decimal],
    cumulative: list[Decimal],
    leverages: list[int],
) -> InstrumentSpec:
    pair = find_pair(base) or _UNLISTED
    brackets = zip(caps, rates, cumulative, strict=True)
    return InstrumentSpec(
        instrument_id=instrument_id,
        pair=pair,
        costs=cost_parameters.of(pair.base),
        filters=InstrumentFilters(*filters),
        maintenance=tuple(
            MaintenanceBracket(float(cap), float(rate), float(cum)) for cap, rate, cum in brackets
        ),
        leverage_brackets=tuple(
            (float(cap), float(leverage)) for cap, leverage in zip(caps, leverages, strict=True)
        ),
    )
