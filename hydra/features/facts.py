"""What the features see: the facts of a stretch of market, as polars frames.

Everything that decides is a function of these frames and of the decision instants, nothing else. The
frames come from the database (`point_in_time.py`); the features (`evaluate.py`) never read a table.
Source: features.md section 0; DESIGN, law 3.
"""

from dataclasses import dataclass, field, fields
from functools import partial
from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.errors import BadDataError

_KEY: Final = {"instrument_id": pl.Int16(), "time": TIME, "known_at": TIME}
_CANDLE: Final = {
    **_KEY,
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "quote_volume": pl.Float64(),
    "taker_buy_quote_volume": pl.Float64(),
}

SCHEMAS: Final[dict[str, dict[str, pl.DataType]]] = {
    "candles_1m": _CANDLE,
    "candles_5m": {**_CANDLE, "row_count": pl.Int64()},
    "funding_rates": {**_KEY, "rate": pl.Float64(), "interval_hours": pl.Int16()},
    "open_interest_5m": {**_KEY, "contracts": pl.Float64(), "value_usd": pl.Float64()},
    "positioning": {**_KEY, "long_short_ratio": pl.Float64(), "taker_buy_sell_ratio": pl.Float64()},
    "liquidations": {**_KEY, "side": pl.String(), "value_usd": pl.Float64()},
    "order_book_tops": {
        **_KEY,
        "best_bid": pl.Float64(),
        "best_ask": pl.Float64(),
        "bid_depth_usd": pl.Float64(),
        "ask_depth_usd": pl.Float64(),
    },
    "heartbeats": {**_KEY, "feed": pl.String()},
}
"""What layers 2 and 3 decide from; a live decision reads no more."""

RECIPE_SCHEMAS: Final[dict[str, dict[str, pl.DataType]]] = {
    "trades": {**_KEY, "price": pl.Float64(), "quantity": pl.Float64(), "buyer_is_maker": pl.Boolean()},
    "order_book_levels": {
        **_KEY,
        "best_bid": pl.Float64(),
        "best_ask": pl.Float64(),
        "best_bid_quantity": pl.Float64(),
        "best_ask_quantity": pl.Float64(),
        "bid_depth_10_usd": pl.Float64(),
        "ask_depth_10_usd": pl.Float64(),
        "near_depth_usd": pl.Float64(),
    },
    "order_book_hours": {
        **_KEY,
        "best_bid": pl.Float64(),
        "best_ask": pl.Float64(),
        "near_depth_usd": pl.Float64(),
    },
    "sentiment": {**_KEY, "value": pl.Float64()},
}
"""What only the features of the recipe read beside them."""

ALL_SCHEMAS: Final = {**SCHEMAS, **RECIPE_SCHEMAS}


def empty_frame(name: str) -> pl.DataFrame:
    """A frame of the schema `name` without rows."""
    return pl.DataFrame(schema=ALL_SCHEMAS[name])


@dataclass(frozen=True)
class MarketFacts:
    """Facts of one stretch of market; each frame is sorted by (instrument_id, time), keys unique.

    candles_1m, candles_5m: closed bars under their open time; 5 m bars say how many minutes they hold.
    funding_rates: settlements under the settlement instant.
    open_interest_5m: the value on the five-minute grid, `time` is the grid instant.
    positioning: five-minute periods under their end.
    liquidations: single forced orders; `side` is the liquidated position.
    order_book_tops: sums of price x quantity over the top 20 levels per snapshot.
    heartbeats: proof that a feed was alive (feeds "liquidations", "order_book").
    trades: single (aggregate) trades; buyer_is_maker: the taker sold.
    order_book_levels: best prices and quantities (base units) per snapshot, value of the top 10 levels of
    each side and of all levels within 10 bps of the mid.
    order_book_hours: of each clock hour the last snapshot, under the end of the hour.
    sentiment: the Fear & Greed index (0..100) under its publish time; one row for every instrument.
    """

    candles_1m: pl.DataFrame
    candles_5m: pl.DataFrame
    funding_rates: pl.DataFrame
    open_interest_5m: pl.DataFrame
    positioning: pl.DataFrame
    liquidations: pl.DataFrame
    order_book_tops: pl.DataFrame
    heartbeats: pl.DataFrame
    trades: pl.DataFrame = field(default_factory=partial(empty_frame, "trades"))
    order_book_levels: pl.DataFrame = field(default_factory=partial(empty_frame, "order_book_levels"))
    order_book_hours: pl.DataFrame = field(default_factory=partial(empty_frame, "order_book_hours"))
    sentiment: pl.DataFrame = field(default_factory=partial(empty_frame, "sentiment"))

    def __post_init__(self) -> None:
        """Refuse a frame whose columns or types are not those of its schema.

        Raises:
            BadDataError: names the frame and the difference.
        """
        for name, schema in ALL_SCHEMAS.items():
            found = dict(getattr(self, name).schema)
            if found != schema:
                raise BadDataError(f"facts frame {name} has columns {found}, expected {dict(schema)}")

    def known_by(self, as_of: object) -> "MarketFacts":
        """The facts with known_at <= as_of: what a decision at `as_of` may use."""
        known = pl.col("known_at") <= pl.lit(as_of, dtype=TIME)
        return MarketFacts(**{field.name: getattr(self, field.name).filter(known) for field in fields(self)})
