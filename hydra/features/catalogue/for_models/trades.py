"""Trades and the aggressor's side (recipe); null if there was no trade within an hour."""

from typing import Final

import polars as pl

from hydra.durations import FIVE_MINUTES, MINUTE
from hydra.features.catalogue.for_models.recipe_feature import ratio_or, recipe_feature
from hydra.features.engine.trade_windows import LARGE_TRADE_USD, LAST_TRADES
from hydra.features.expressions import least_present, z_score_of, z_window
from hydra.features.facts import Grid

_INPUTS: Final = ("trades.price", "trades.quantity", "trades.buyer_is_maker")
_DAY_BUCKETS: Final = 288
_LARGE: Final = f"{LARGE_TRADE_USD:,.0f} USDT"
_IS_KNOWN = pl.col("hour_trades") > 0

WORKING = (*z_window("large_flow", Grid.TRADES_5M, pl.col("large_flow_usd"), _DAY_BUCKETS),)

FEATURES = (
    recipe_feature(
        "tick_rule",
        pl.when(pl.col("last_trades") >= LAST_TRADES).then(
            ratio_or(pl.col("last_signed_quantity"), pl.col("last_quantity"), 0.0)
        ),
        "sum(sign*quantity)/sum quantity, the sign from the exchange's aggressor flag: buyer +1",
        unit="-1..1",
        window=f"{LAST_TRADES} trades",
        inputs=_INPUTS[1:],
        null_rule="null with fewer trades within 60 min",
        pit="E",
        grid=Grid.DECISION,
        bounds=(-1, 1),
        heard=MINUTE,
    ),
    recipe_feature(
        "large_trade_indicator",
        pl.when(_IS_KNOWN).then(ratio_or(pl.col("large_flow_5m_usd"), pl.col("traded_5m_usd"), 0.0)),
        f"signed value of trades of at least {_LARGE} / value of all trades",
        unit="-1..1",
        window="5 min",
        inputs=_INPUTS,
        null_rule="Z=0; null with no trade within 60 min",
        pit="E",
        grid=Grid.DECISION,
        bounds=(-1, 1),
        heard=MINUTE,
    ),
    recipe_feature(
        "whale_movement",
        pl.when(_IS_KNOWN).then(z_score_of(pl.col("large_flow_5m_usd"), "large_flow")),
        f"signed value of trades of at least {_LARGE} in the last 5 min against the 288 clock buckets that "
        "ended before them; a bucket is known if it has a trade",
        unit="sd",
        window="24 h (288 five-minute buckets)",
        inputs=_INPUTS,
        null_rule="NW, Z=0; null with no trade within 60 min",
        pit="E",
        grid=Grid.DECISION,
        sources="C113",
        heard=(least_present(_DAY_BUCKETS) + 1) * FIVE_MINUTES,
    ),
)
