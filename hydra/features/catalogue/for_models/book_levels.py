"""Levels of the order book: imbalance near the top, and the flow of orders between snapshots (recipe)."""

from datetime import timedelta
from typing import Final

import polars as pl

from hydra.durations import FIVE_MINUTES, MINUTE
from hydra.features.catalogue.for_models.recipe_feature import CLOSE_INPUTS, recipe_feature
from hydra.features.expressions import ZERO_DEVIATION, no_older_than
from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

LIFETIME: Final = timedelta(seconds=15)
_BPS: Final = 10_000
_COVERED_SECONDS: Final = 0.95 * 300
_BID, _ASK = pl.col("best_bid"), pl.col("best_ask")
_BID_DEPTH, _ASK_DEPTH = pl.col("bid_depth_10_usd"), pl.col("ask_depth_10_usd")
_SOUND = (_BID > 0) & (_ASK > _BID)
_LEVELS: Final = ("order_book_levels.best_bid", "order_book_levels.best_ask")


def quoted_spread_bps() -> pl.Expr:
    """(best ask - best bid)/mid x 10,000; null if the book is crossed or empty."""
    return pl.when(_SOUND).then((_ASK - _BID) / ((_ASK + _BID) / 2) * _BPS)


WORKING = (
    WorkingColumn("levels_time", Grid.BOOK_LEVELS, pl.col("fact_time")),
    WorkingColumn(
        "levels_imbalance",
        Grid.BOOK_LEVELS,
        pl.when(_SOUND & (_BID_DEPTH + _ASK_DEPTH > 0)).then(
            (_BID_DEPTH - _ASK_DEPTH) / (_BID_DEPTH + _ASK_DEPTH)
        ),
    ),
    WorkingColumn("levels_spread_bps", Grid.BOOK_LEVELS, quoted_spread_bps()),
    WorkingColumn("levels_near_depth", Grid.BOOK_LEVELS, pl.when(_SOUND).then(pl.col("near_depth_usd"))),
    WorkingColumn("hour_near_depth", Grid.HOUR, pl.when(_SOUND).then(pl.col("near_depth_usd"))),
    WorkingColumn("hour_spread_bps", Grid.HOUR, quoted_spread_bps()),
)

FEATURES = (
    recipe_feature(
        "orderbook_imbalance",
        no_older_than("levels_imbalance", "levels_time", LIFETIME),
        "(bid - ask)/(bid + ask) value of the top 10 levels",
        unit="-1..1",
        window="snapshot",
        inputs=("order_book_levels.bid_depth_10_usd", "order_book_levels.ask_depth_10_usd"),
        null_rule="NL(15 s)",
        pit="E",
        grid=Grid.DECISION,
        bounds=(-1, 1),
        heard=MINUTE,
    ),
    recipe_feature(
        "order_flow_imbalance",
        pl.when(
            (pl.col("flow_covered_seconds") >= _COVERED_SECONDS) & (pl.col("flow_top_quantity") > 0)
        ).then(pl.col("order_flow") / pl.col("flow_top_quantity")),
        "Cont-Kukanov-Stoikov: sum over snapshots of the quantity added to and removed from the best prices, "
        "divided by the mean quantity at them",
        unit="top-of-book quantities",
        window="5 min",
        inputs=(*_LEVELS, "order_book_levels.best_bid_quantity", "order_book_levels.best_ask_quantity"),
        null_rule="null unless steps of at most 15 s cover 95% of the 5 min",
        pit="E",
        grid=Grid.DECISION,
        heard=FIVE_MINUTES,
    ),
    recipe_feature(
        "bid_ask_spread_normalized",
        pl.when(pl.col("realized_sigma_30") > ZERO_DEVIATION).then(
            pl.col("spread_bps") / _BPS / pl.col("realized_sigma_30")
        ),
        "(spread/mid)/realized_sigma_30",
        unit="ratio",
        window="snapshot, 30 m1",
        inputs=("order_book_tops.best_bid", "order_book_tops.best_ask", *CLOSE_INPUTS),
        null_rule="NL(15 s), NW, Z=null",
        pit="E,B",
        grid=Grid.DECISION,
        bounds=(0, None),
        heard=MINUTE,
    ),
)
