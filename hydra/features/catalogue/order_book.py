"""The top of the order book: last snapshot, at most 15 s old, neither crossed nor empty."""

from datetime import timedelta

import polars as pl

from hydra.durations import MINUTE
from hydra.features.expressions import no_older_than
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_LIFETIME = timedelta(seconds=15)
_TOP = ("order_book_tops.best_bid", "order_book_tops.best_ask")
_DEPTH = ("order_book_tops.bid_depth_usd", "order_book_tops.ask_depth_usd")

_BID, _ASK = pl.col("best_bid"), pl.col("best_ask")
_BID_DEPTH, _ASK_DEPTH = pl.col("bid_depth_usd"), pl.col("ask_depth_usd")
_SOUND = (_BID > 0) & (_ASK > _BID) & (_BID_DEPTH > 0) & (_ASK_DEPTH > 0)


def _snapshot(
    name: str, unit: str, inputs: tuple[str, ...], description: str, highest: float | None = None
) -> Feature:
    return Feature(
        name=name,
        unit=unit,
        window="snapshot",
        inputs=inputs,
        null_rule="NL(15 s)",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description=description,
        expression=no_older_than(f"book_{name}", "book_time", _LIFETIME),
        lowest=-1.0 if name == "ob_imbalance" else 0.0,
        highest=highest,
        heard=MINUTE,
    )


def _sound(value: pl.Expr) -> pl.Expr:
    return pl.when(_SOUND).then(value)


WORKING = (
    WorkingColumn("book_time", Grid.BOOK, pl.col("fact_time")),
    WorkingColumn(
        "book_ob_imbalance", Grid.BOOK, _sound((_BID_DEPTH - _ASK_DEPTH) / (_BID_DEPTH + _ASK_DEPTH))
    ),
    WorkingColumn("book_spread_bps", Grid.BOOK, _sound((_ASK - _BID) / ((_ASK + _BID) / 2) * 10_000)),
    WorkingColumn("book_bid_depth_usd", Grid.BOOK, _sound(_BID_DEPTH)),
    WorkingColumn("book_ask_depth_usd", Grid.BOOK, _sound(_ASK_DEPTH)),
)

FEATURES = (
    _snapshot("ob_imbalance", "-1..1", _DEPTH, "(bid - ask)/(bid + ask) depth of 20 levels", 1.0),
    _snapshot("spread_bps", "bps", _TOP, "(best ask - best bid)/mid x 10,000", 20_000.0),
    _snapshot("bid_depth_usd", "USDT", _DEPTH, "sum of price x quantity over 20 bid levels"),
    _snapshot("ask_depth_usd", "USDT", _DEPTH, "sum of price x quantity over 20 ask levels"),
)
