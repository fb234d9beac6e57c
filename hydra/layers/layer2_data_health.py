"""Layer 2, data health: are the inputs complete and recent enough to decide this minute?

Required: closed candles, settled funding, open interest, enough five-minute bars. Required only if the run
declares the feed: order book, liquidations, clock. All other inputs are advisory and not checked here.
Source: layers document, "Data Health"; README document, "Decision Gates"; C07, C08, C09, C19, C111.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Annotated, Final

import polars as pl
from pydantic import PlainSerializer

from hydra.bounds import PositiveBps, Seconds

ORDER_BOOK_FEED: Final = "order_book"
LIQUIDATION_FEED: Final = "liquidations"
CLOCK_FEED: Final = "clock"
LEAST_CANDLES: Final = 20
INPUTS: Final = ("candles", "history", "funding", "open_interest", "order_book", "liquidations", "clock")
AGE_COLUMNS: Final = {
    "candles": "candle_age_seconds",
    "funding": "funding_age_seconds",
    "open_interest": "open_interest_age_seconds",
    "order_book": "order_book_age_seconds",
    "liquidations": "liquidation_feed_age_seconds",
    "clock": "clock_age_seconds",
}
"""The age of each input; the history has none."""


class InputHealth(IntEnum):
    """State of one input. Codes above NOT_RECORDED fail the check."""

    FRESH = 0
    NOT_RECORDED = 1
    STALE = 2
    MISSING = 3
    WIDE = 4
    OFF = 5


@dataclass(frozen=True, slots=True)
class DataHealthParameters:
    """Allowed ages in seconds; feeds: those that the run declares (C111).

    60 s for a candle and 100 bps are printed; 600, 15 and 60 s are the lifetimes in docs/features.md.
    clock_age_seconds: since the clocks of the exchange and of this machine last agreed.
    """

    feeds: Annotated[frozenset[str], PlainSerializer(sorted)] = frozenset()
    candle_age_seconds: Seconds = 60.0
    open_interest_age_seconds: Seconds = 600.0
    order_book_age_seconds: Seconds = 15.0
    liquidation_feed_age_seconds: Seconds = 60.0
    clock_age_seconds: Seconds = 60.0
    widest_spread_bps: PositiveBps = 100.0


def is_fresh(age_seconds: pl.Expr, limit_seconds: float) -> pl.Expr:
    """True where the age is below the limit; false for a negative age.

    Formula: 0 <= (now - timestamp).total_seconds() < 60
    Source: layers document, "Data Health"; C08 (`.seconds` would drop whole days).
    """
    return (age_seconds >= 0) & (age_seconds < limit_seconds)


def is_alive(age_seconds: pl.Expr, limit_seconds: float) -> pl.Expr:
    """True where the age is at most `limit_seconds` (docs/features.md, null code NL)."""
    return (age_seconds >= 0) & (age_seconds <= limit_seconds)


def check_data_health(states: dict[str, pl.Expr]) -> pl.Expr:
    """True where no input is stale, missing or too wide.

    Formula: all(checks)
    Source: layers document, "Data Health"; C07.
    """
    return pl.all_horizontal(state <= InputHealth.NOT_RECORDED.value for state in states.values())


def with_data_health(frame: pl.DataFrame, parameters: DataHealthParameters) -> pl.DataFrame:
    """`frame` with `health_<input>` (InputHealth codes), `data_healthy` and `data_outage_seconds`.

    Reads candle_age_seconds, funding_age_seconds, open_interest_age_seconds, order_book_age_seconds,
    liquidation_feed_age_seconds, clock_age_seconds if declared (all null if nothing was ever known),
    funding_rate, spread_bps, m5_candles (number of five-minute candles), m5_price_vs_sma_20 (null if its
    window has gaps).
    data_outage_seconds: see `outage_seconds`.
    """
    states, verdict = _health(parameters)
    return frame.with_columns(states).with_columns(verdict)


# Building the expressions takes longer than computing eight rows.
@lru_cache(maxsize=64)
def _health(parameters: DataHealthParameters) -> tuple[tuple[pl.Expr, ...], tuple[pl.Expr, ...]]:
    """The states of the inputs; then data_healthy and data_outage_seconds."""
    states = input_states(parameters)
    healthy = check_data_health({name: pl.col(f"health_{name}") for name in INPUTS})
    verdict = healthy.alias("data_healthy"), outage_seconds(parameters).alias("data_outage_seconds")
    return tuple(state.cast(pl.Int8).alias(f"health_{name}") for name, state in states.items()), verdict


def input_states(parameters: DataHealthParameters) -> dict[str, pl.Expr]:
    """The state of every input as an expression of InputHealth codes."""
    candle_age, funding_age = pl.col("candle_age_seconds"), pl.col("funding_age_seconds")
    interest_age = pl.col("open_interest_age_seconds")
    is_enough = pl.col("m5_candles") >= LEAST_CANDLES
    has_history = is_enough.fill_null(value=False) & pl.col("m5_price_vs_sma_20").is_not_null()
    return {
        "candles": _state(candle_age, is_fresh(candle_age, parameters.candle_age_seconds)),
        "history": pl.when(has_history).then(InputHealth.FRESH.value).otherwise(InputHealth.MISSING.value),
        "funding": _state(funding_age, pl.col("funding_rate").is_not_null()),
        "open_interest": _state(interest_age, is_alive(interest_age, parameters.open_interest_age_seconds)),
        "order_book": _order_book_state(parameters),
        "liquidations": _liquidation_state(parameters),
        "clock": _clock_state(parameters),
    }


def _state(age: pl.Expr, is_usable: pl.Expr) -> pl.Expr:
    """MISSING if nothing was ever known, STALE if the newest value is no longer usable."""
    return (
        pl.when(age.is_null())
        .then(InputHealth.MISSING.value)
        .when(is_usable)
        .then(InputHealth.FRESH.value)
        .otherwise(InputHealth.STALE.value)
    )


def _order_book_state(parameters: DataHealthParameters) -> pl.Expr:
    if ORDER_BOOK_FEED not in parameters.feeds:
        return pl.lit(InputHealth.NOT_RECORDED.value)
    age = pl.col("order_book_age_seconds")
    is_usable = is_alive(age, parameters.order_book_age_seconds) & pl.col("spread_bps").is_not_null()
    is_wide = is_usable & (pl.col("spread_bps") >= parameters.widest_spread_bps)
    return pl.when(is_wide).then(InputHealth.WIDE.value).otherwise(_state(age, is_usable))


def _liquidation_state(parameters: DataHealthParameters) -> pl.Expr:
    if LIQUIDATION_FEED not in parameters.feeds:
        return pl.lit(InputHealth.NOT_RECORDED.value)
    age = pl.col("liquidation_feed_age_seconds")
    return _state(age, is_alive(age, parameters.liquidation_feed_age_seconds))


def _clock_state(parameters: DataHealthParameters) -> pl.Expr:
    """A clock that is off or was not compared is no outage: the facts come, but their ages may be wrong."""
    if CLOCK_FEED not in parameters.feeds:
        return pl.lit(InputHealth.NOT_RECORDED.value)
    agrees = is_alive(pl.col("clock_age_seconds"), parameters.clock_age_seconds).fill_null(value=False)
    return pl.when(agrees).then(InputHealth.FRESH.value).otherwise(InputHealth.OFF.value)


def outage_seconds(parameters: DataHealthParameters) -> pl.Expr:
    """How far the worst of candles, open interest and declared feeds is beyond its allowed age (C09).

    Null without an outage. Funding settles hours apart and never counts.
    """
    beyond = [
        pl.col("candle_age_seconds") - parameters.candle_age_seconds,
        pl.col("open_interest_age_seconds") - parameters.open_interest_age_seconds,
    ]
    if ORDER_BOOK_FEED in parameters.feeds:
        beyond.append(pl.col("order_book_age_seconds") - parameters.order_book_age_seconds)
    if LIQUIDATION_FEED in parameters.feeds:
        beyond.append(pl.col("liquidation_feed_age_seconds") - parameters.liquidation_feed_age_seconds)
    worst = pl.max_horizontal(beyond)
    return pl.when(worst > 0).then(worst)
