"""What the features see: the facts of a stretch of market, as polars frames.

Everything that decides is a function of these frames and of the decision instants, nothing else. The
frames come from the database (`point_in_time.py`); the features (`evaluate.py`) never read a table.
Source: features.md section 0; DESIGN, law 3.
"""

from dataclasses import dataclass, fields
from typing import Final

import polars as pl

from hydra.errors import BadDataError

TIME: Final = pl.Datetime("us", "UTC")

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
    """

    candles_1m: pl.DataFrame
    candles_5m: pl.DataFrame
    funding_rates: pl.DataFrame
    open_interest_5m: pl.DataFrame
    positioning: pl.DataFrame
    liquidations: pl.DataFrame
    order_book_tops: pl.DataFrame
    heartbeats: pl.DataFrame

    def __post_init__(self) -> None:
        """Refuse a frame whose columns or types are not those of SCHEMAS.

        Raises:
            BadDataError: names the frame and the difference.
        """
        for name, schema in SCHEMAS.items():
            found = dict(getattr(self, name).schema)
            if found != schema:
                raise BadDataError(f"facts frame {name} has columns {found}, expected {dict(schema)}")

    def known_by(self, as_of: object) -> "MarketFacts":
        """The facts with known_at <= as_of: what a decision at `as_of` may use."""
        known = pl.col("known_at") <= pl.lit(as_of, dtype=TIME)
        return MarketFacts(**{field.name: getattr(self, field.name).filter(known) for field in fields(self)})


def empty_frame(name: str) -> pl.DataFrame:
    """A frame of SCHEMAS[name] without rows."""
    return pl.DataFrame(schema=SCHEMAS[name])
