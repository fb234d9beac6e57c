"""The inputs of features: the facts of a range of time, as polars frames.

Every decision is a function of these frames and of its instant alone. The frames come from the
database (`reading/point_in_time.py`); the features (`evaluate.py`) never read a table.
A new kind of fact is a record in `SOURCES`, a field of `MarketFacts`, and a file in sql/reads.
Source: docs/features.md, "When a fact is known"; docs/architecture.md, law 3.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final, Self

import polars as pl

from hydra.arrays import TIME
from hydra.durations import DAY, FIVE_MINUTES, HOUR, MINUTE
from hydra.errors import BadDataError
from hydra.features.fact_source import Age, FactSource, Snapshots, Steps, WarmUp


class Grid(StrEnum):
    """The rows that an expression runs over: one time grid each; a missing fact is a row of nulls.

    Row shifts are time shifts on the dense grids (all but those of single events: BOOK, BOOK_LEVELS,
    SENTIMENT). HOUR has closes and sums of clock hours, H1 the volatility within them. UNIVERSE has a row
    per decision instant and pair of which candles are known, with columns of M1; DECISION has a row per
    decision, with every column that decision-level expressions use from other grids; EVALUATION has a
    row per pair and past layer-2 evaluation, SAMPLE one per pair and sampled decision, in order of time.
    """

    M1 = "m1"
    M5 = "m5"
    M5_MONTH = "m5_month"
    H1 = "h1"
    HOUR = "hour"
    SETTLEMENT = "settlement"
    OPEN_INTEREST = "open_interest"
    POSITIONING = "positioning"
    LIQUIDATION_DAY = "liquidation_day"
    LIQUIDATION_1M = "liquidation_1m"
    TRADES_5M = "trades_5m"
    BOOK = "book"
    BOOK_LEVELS = "book_levels"
    SENTIMENT = "sentiment"
    UNIVERSE = "universe"
    DECISION = "decision"
    EVALUATION = "evaluation"
    SAMPLE = "sample"


_NUMBER: Final = pl.Float64()
_CANDLE: Final = dict.fromkeys(
    ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_quote_volume"), _NUMBER
)
_SECOND: Final = timedelta(seconds=1)
_MONTH: Final = WarmUp(
    timedelta(days=31),
    DAY,
    "720 hourly samples and 8640 five-minute samples are 30 days; one day for the windows inside the first "
    "samples (60 minutes, 12 bars) and for the 150 bars after which ADX has forgotten its start",
)
_WEEK_OF_MINUTES: Final = WarmUp(
    timedelta(days=8), DAY, "clusters: 60 minutes, each against its 7 days before; room for a day's start"
)

SOURCES: Final[dict[str, FactSource]] = {
    "candles_1m": FactSource(
        values=_CANDLE,
        query="reads/candles_1m",
        lag=MINUTE + 2 * _SECOND,
        warm_up=_MONTH,
        model_warm_up=WarmUp(
            timedelta(days=32), DAY, "720 hourly returns need 721 closes of whole hours, over 30 days and 2 h"
        ),
        grids={
            Grid.M1: Steps(MINUTE, reach=1442, longest_hole=72),
            Grid.H1: Steps(HOUR, reach=721, longest_hole=720 - 168),
            # 720 hourly returns need 721 closes.
            Grid.HOUR: Steps(HOUR, reach=730, longest_hole=720 - 168),
        },
        ages=(Age("candle", length=MINUTE),),
    ),
    # Read are the recorded bars only; the others are made of the rollup and of minutes (five_minute_bars.py).
    "candles_5m": FactSource(
        values={**_CANDLE, "row_count": pl.Int64()},
        query="reads/candles_5m_recorded",
        lag=FIVE_MINUTES + 2 * _SECOND,
        warm_up=_MONTH,
        grids={
            # The longest window has 304 rows; the rest lets Wilder's recursion forget where it began.
            Grid.M5: Steps(FIVE_MINUTES, reach=600, longest_hole=14),
            Grid.M5_MONTH: Steps(FIVE_MINUTES, reach=8654, longest_hole=8640 - 2016),
        },
    ),
    "funding_rates": FactSource(
        values={"rate": _NUMBER, "interval_hours": pl.Int16()},
        query="reads/funding_rates",
        lag=5 * _SECOND,
        warm_up=WarmUp(
            timedelta(days=36),
            DAY,
            "100 settlements of 8 h are 33 days and 8 hours; 3 more for the momentum, 2 for the validity",
        ),
        ages=(Age("funding"),),
    ),
    "open_interest_5m": FactSource(
        values={"contracts": _NUMBER, "value_usd": _NUMBER},
        query="reads/open_interest_5m",
        latest="measured_at",
        lag=MINUTE,
        warm_up=WarmUp(
            timedelta(days=1),
            DAY,
            "100 changes over 60 minutes on the five-minute grid are 9 h 20 min; 10 min of validity",
        ),
        # oi_delta_pct needs only two rows an hour apart, so a hole between them does not split the series.
        grids={Grid.OPEN_INTEREST: Steps(FIVE_MINUTES, reach=114, longest_hole=114)},
        ages=(Age("open_interest", pl.col("contracts") > 0),),
    ),
    "positioning": FactSource(
        values={"long_short_ratio": _NUMBER, "taker_buy_sell_ratio": _NUMBER},
        query="reads/positioning",
        lag=MINUTE,
        warm_up=WarmUp(timedelta(days=1), DAY, "the last period, valid for 15 min, with room for a gap"),
        grids={Grid.POSITIONING: Steps(FIVE_MINUTES, reach=4, longest_hole=4)},
        ages=(Age("positioning", pl.col("long_short_ratio").is_not_null()),),
    ),
    "liquidations": FactSource(
        values={"side": pl.String(), "value_usd": _NUMBER},
        query="reads/liquidations",
        key=("time", "side", "price", "quantity"),
        warm_up=WarmUp(
            timedelta(hours=26), DAY, "288 five-minute buckets before each minute of the last hour"
        ),
        model_warm_up=_WEEK_OF_MINUTES,
        grids={
            # An hour of minutes, each against the day of buckets that ended five minutes before it.
            Grid.LIQUIDATION_DAY: Steps(MINUTE, reach=1440 + 70, longest_hole=72),
            # The threshold of a cluster is made of the minutes that had liquidations, however few.
            Grid.LIQUIDATION_1M: Steps(MINUTE, reach=7 * 1440 + 62, longest_hole=7 * 1440),
        },
    ),
    "liquidation_gaps": FactSource(
        values={"missing_seconds": _NUMBER},
        query="reads/liquidation_gaps",
        key=("time", "missing_seconds"),
        warm_up=WarmUp(timedelta(hours=2), HOUR, "gaps that ended in the last hour"),
    ),
    "order_book_tops": FactSource(
        values=dict.fromkeys(("best_bid", "best_ask", "bid_depth_usd", "ask_depth_usd"), _NUMBER),
        query="reads/order_book_tops",
        warm_up=WarmUp(
            timedelta(minutes=5),
            HOUR,
            "the last snapshot, valid for 15 s; a day of them would be 17,280 a pair",
        ),
        grids={Grid.BOOK: Snapshots(MINUTE)},
        ages=(Age("order_book"),),
    ),
    "heartbeats": FactSource(
        values={"feed": pl.String()},
        query="reads/heartbeats",
        key=("time", "feed"),
        warm_up=WarmUp(
            timedelta(hours=26),
            HOUR,
            "each of the buckets of forced orders counts only if the feed was alive",
        ),
        model_warm_up=_WEEK_OF_MINUTES,
        ages=(
            Age("liquidation_feed", pl.col("feed") == "liquidations"),
            Age("order_book_feed", pl.col("feed") == "order_book"),
            Age("clock", pl.col("feed") == "clock"),
        ),
    ),
    "trades": FactSource(
        values={"price": _NUMBER, "quantity": _NUMBER, "buyer_is_maker": pl.Boolean()},
        query="reads/trades",
        key=("time", "price", "quantity"),
        warm_up=WarmUp(timedelta(hours=25), HOUR, "288 five-minute buckets before the current one"),
        grids={Grid.TRADES_5M: Steps(FIVE_MINUTES, reach=291, longest_hole=14)},
        is_for_models=True,
    ),
    "order_book_levels": FactSource(
        values=dict.fromkeys(
            (
                "best_bid", "best_ask", "best_bid_quantity", "best_ask_quantity", "bid_depth_10_usd",
                "ask_depth_10_usd", "near_depth_usd",
            ),
            _NUMBER,
        ),
        query="reads/order_book_levels",
        warm_up=WarmUp(
            timedelta(minutes=7), HOUR, "order flow of 5 minutes, from the snapshot before them on"
        ),
        grids={Grid.BOOK_LEVELS: Snapshots(MINUTE)},
        is_for_models=True,
    ),
    "order_book_hours": FactSource(
        values=dict.fromkeys(("best_bid", "best_ask", "near_depth_usd"), _NUMBER),
        query="reads/order_book_hours",
        lag=2 * _SECOND,
        warm_up=WarmUp(timedelta(days=31), DAY, "720 hourly samples"),
        is_for_models=True,
    ),
    "sentiment": FactSource(
        values={"value": _NUMBER},
        query="reads/sentiment",
        warm_up=WarmUp(timedelta(days=3), DAY, "the last value, valid for 48 h"),
        grids={Grid.SENTIMENT: Snapshots(timedelta(hours=49))},
        is_for_models=True,
    ),
}  # fmt: skip
"""Every kind of fact under its name, which is that of its field in `MarketFacts`."""

LAYER_SOURCES: Final = {name: source for name, source in SOURCES.items() if not source.is_for_models}
"""The facts that layers 2 and 3 decide from; a live decision reads no others."""

MODEL_SOURCES: Final = {
    name: replace(source, warm_up=source.model_warm_up or source.warm_up) for name, source in SOURCES.items()
}
"""The facts that the models' features read."""


def empty_frame(name: str) -> pl.DataFrame:
    """The frame of the fact `name` without rows."""
    return pl.DataFrame(schema=SOURCES[name].columns)


@dataclass(frozen=True)
class MarketFacts:
    """Facts of one stretch of market; each frame is sorted by (instrument_id, time), keys unique.

    candles_1m, candles_5m: closed bars under their open time; 5 m bars say how many minutes they hold.
    funding_rates: settlements under the settlement instant.
    open_interest_5m: the value on the five-minute grid, `time` is the grid instant.
    positioning: five-minute periods under their end.
    liquidations: single forced orders; `side` is the liquidated position.
    liquidation_gaps: when the feed of forced orders came back, and how long it had been away.
    order_book_tops: sums of price x quantity over the top 20 levels per snapshot.
    heartbeats: proof that a feed was alive (feeds "liquidations", "order_book"), or that the exchange's clock
    and this machine's agreed ("clock").
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
    liquidation_gaps: pl.DataFrame = field(default_factory=partial(empty_frame, "liquidation_gaps"))
    trades: pl.DataFrame = field(default_factory=partial(empty_frame, "trades"))
    order_book_levels: pl.DataFrame = field(default_factory=partial(empty_frame, "order_book_levels"))
    order_book_hours: pl.DataFrame = field(default_factory=partial(empty_frame, "order_book_hours"))
    sentiment: pl.DataFrame = field(default_factory=partial(empty_frame, "sentiment"))

    def __post_init__(self) -> None:
        """Refuse a frame whose columns or types are not those of its source.

        Raises:
            BadDataError: names the frame and the difference.
        """
        for name, source in SOURCES.items():
            found = dict(self.of(name).schema)
            if found != source.columns:
                raise BadDataError(f"facts frame {name} has columns {found}, expected {source.columns}")

    def of(self, name: str) -> pl.DataFrame:
        """The frame of the fact `name`."""
        frame: pl.DataFrame = getattr(self, name)
        return frame

    def known_by(self, as_of: object) -> Self:
        """The facts with known_at <= as_of: what a decision at `as_of` may use."""
        known = pl.col("known_at") <= pl.lit(as_of, dtype=TIME)
        return type(self)(**{one.name: self.of(one.name).filter(known) for one in fields(self)})
