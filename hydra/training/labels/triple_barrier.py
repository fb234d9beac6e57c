"""The triple-barrier label: the net edge of a position of each side, in basis points.

A market order enters at the open of the bar after the decision; a stop and a target as far away as the
volatility known at the decision suggests; a time limit. All costs are those of the cost model.
Source: engine document, "Labeling"; C85, C86, C114, C126; López de Prado 2018.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats, Integers
from hydra.bounds import PositiveCount, Zscore
from hydra.domain import ReasonCode, Side
from hydra.errors import BadDataError
from hydra.layers.layer5_paper_fills import BarrierHit
from hydra.layers.positions import direction_of
from hydra.ledger.costs import CostParameters, cost_version, fee_usd, half_spread, taker_price
from hydra.training.labels.barrier_race import RaceBars, RaceEnds, race
from hydra.training.labels.label_rows import Unlabelled, known, label_rows, unlabelled_where
from hydra.training.labels.minute_prices import MinutePrices

SIDES: Final = (Side.LONG, Side.SHORT)
"""The order of the two rows of a decision."""

_BPS: Final = 10_000
_REASONS: Final = {
    BarrierHit.NONE: ReasonCode.MAX_HOLDING_TIME,
    BarrierHit.STOP: ReasonCode.STOP_HIT,
    BarrierHit.TARGET: ReasonCode.TARGET_HIT,
}
_BARRIERS: Final = pl.Series([_REASONS[hit].value for hit in sorted(_REASONS)], dtype=pl.String)
"""By BarrierHit; there is no liquidation without leverage."""


@dataclass(frozen=True, slots=True)
class TripleBarrierParameters:
    """The horizon is printed; barriers one deviation of the horizon's return away (C85)."""

    horizon_minutes: PositiveCount = 4
    stop_deviations: Zscore = 1.0
    target_deviations: Zscore = 1.0


def barrier_distance(deviations: float, sigma: Floats, horizon_minutes: int) -> Floats:
    """Distance of a barrier from the entry, a fraction of its price. sigma: of one-minute returns.

    Formula: deviations * sigma * sqrt(horizon)
    Source: C85.
    """
    distance: Floats = deviations * sigma * math.sqrt(horizon_minutes)
    return distance


def triple_barrier_labels(
    prices: MinutePrices,
    decisions: pl.DataFrame,
    costs: CostParameters | None = None,
    parameters: TripleBarrierParameters | None = None,
) -> pl.DataFrame:
    """net_edge_bps of a long and of a short for every decision: two rows each, in the order of SIDES.

    decisions: instrument_id, time, sigma (realized_sigma_30 or another deviation of one-minute returns, as
    known at the decision). The label is gross_bps - fees_bps - spread_bps - slippage_bps + funding_bps, each
    of the entry's notional; gross_bps is without any cost.

    Raises:
        BadDataError: a pair has no terms, or a decision is not of the market.
    """
    own, paid = parameters or TripleBarrierParameters(), costs or CostParameters()
    sides = [_labels_of(side, prices, decisions, paid, own) for side in SIDES]
    one_after_the_other = np.arange(len(SIDES) * decisions.height).reshape(len(SIDES), -1).T.ravel()
    return pl.concat(sides)[one_after_the_other]


def _labels_of(
    side: Side,
    prices: MinutePrices,
    decisions: pl.DataFrame,
    costs: CostParameters,
    parameters: TripleBarrierParameters,
) -> pl.DataFrame:
    direction, horizon = direction_of(side), parameters.horizon_minutes
    rows, columns = prices.places(decisions)
    sigma = decisions["sigma"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    entry = prices.at(prices.traded[0], rows + 1, columns)
    stops = entry * (1 - direction * barrier_distance(parameters.stop_deviations, sigma, horizon))
    targets = entry * (1 + direction * barrier_distance(parameters.target_deviations, sigma, horizon))
    ends = race()(rows, columns, direction, stops, targets, horizon, _race_bars(prices))
    unlabelled = unlabelled_where(
        [
            (Unlabelled.END_OF_DATA, rows + horizon > prices.last_rows[columns]),
            (Unlabelled.MISSING_INPUT, np.isnan(sigma)),
            (Unlabelled.MISSING_BAR, ends.row < 0),
        ]
    )
    result = _result_bps(direction, entry, ends, _costs_of(prices, costs, columns))
    more: tuple[pl.Series | pl.Expr, ...] = (
        *(known(values).alias(name) for name, values in result.items()),
        _BARRIERS[ends.hit.astype(np.int64)].alias("barrier"),
        pl.lit(cost_version(costs)).alias("cost_version"),
    )
    span = prices.known_us(rows), prices.known_us(ends.known_row)
    net = result["gross_bps"] + result["funding_bps"]
    for name in ("fees_bps", "spread_bps", "slippage_bps"):
        net = net - result[name]
    sided = decisions.with_columns(pl.lit(side.value).alias("side"))
    return label_rows(sided, known(net), span, unlabelled, more)


@dataclass(frozen=True, slots=True)
class _Costs:
    """Of each decision's pair, basis points."""

    spread: Floats
    slippage: Floats
    taker_fee: Floats


def _costs_of(prices: MinutePrices, costs: CostParameters, columns: Integers) -> _Costs:
    pairs = [costs.of(base) for base in _bases(prices)]
    spread, slippage, fee = (
        np.array([float(getattr(one, name)) for one in pairs])[columns]
        for name in ("taker_spread_bps", "slippage_bps", "taker_fee_bps")
    )
    return _Costs(spread, slippage, fee)


def _bases(prices: MinutePrices) -> list[str]:
    bases = [base for base in prices.bases if base is not None]
    if len(bases) < len(prices.bases):
        pair = prices.instrument_ids[prices.bases.index(None)]
        raise BadDataError(f"pair {pair} has no stored terms, so no costs: store them, or leave the pair out")
    return bases


def _result_bps(direction: int, entry: Floats, ends: RaceEnds, costs: _Costs) -> dict[str, Floats]:
    """The result without costs and each cost, basis points of the entry's notional."""
    bought = taker_price(entry, direction, costs.spread, costs.slippage)
    sold = taker_price(ends.price, -direction, costs.spread, costs.slippage)
    spread = half_spread(entry, costs.spread) + half_spread(ends.price, costs.spread)
    worse = direction * (bought - entry) + direction * (ends.price - sold)
    parts = {
        "gross_bps": direction * (ends.price - entry),
        "fees_bps": fee_usd(bought, costs.taker_fee) + fee_usd(sold, costs.taker_fee),
        "spread_bps": spread,
        "slippage_bps": worse - spread,
        "funding_bps": direction * ends.funding,
    }
    return {name: part / bought * _BPS for name, part in parts.items()}


def _race_bars(prices: MinutePrices) -> RaceBars:
    return RaceBars(*prices.traded, *prices.marked, prices.is_played, prices.funding, prices.funding_row)
