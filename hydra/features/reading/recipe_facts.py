"""The facts behind the recipe's features: those of layers 2 and 3, further back, and four more.

A live decision of the layers never reads them; who builds the recipe does.
Source: features.md sections 0 and 5; DESIGN, law 3.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from adbc_driver_manager.dbapi import Connection

from hydra.durations import DAY, HOUR
from hydra.features.facts import MarketFacts
from hydra.features.reading.anchor import WARM_UP, WarmUp
from hydra.features.reading.fact_reader import INPUTS, Input
from hydra.features.reading.point_in_time import Reading, read_facts

_WEEK_OF_MINUTES: Final = WarmUp(
    timedelta(days=8), DAY, "clusters: 60 minutes, each against its 7 days before; room for a day's start"
)

RECIPE: Final = Reading(
    inputs={
        **INPUTS,
        "trades": Input("reads/trades", "trades", key=("time", "price", "quantity")),
        "order_book_levels": Input("reads/order_book_levels", "order_book_levels"),
        "order_book_hours": Input("reads/order_book_hours", "order_book_hours"),
        "sentiment": Input("reads/sentiment", "sentiment"),
    },
    warm_up={
        **WARM_UP,
        "candles_1m": WarmUp(
            timedelta(days=32),
            DAY,
            "720 hourly returns need 721 closes of whole hours, over 30 days and 2 h",
        ),
        "liquidations": _WEEK_OF_MINUTES,
        "heartbeats": _WEEK_OF_MINUTES,
        "trades": WarmUp(timedelta(hours=25), HOUR, "288 five-minute buckets before the current one"),
        "order_book_levels": WarmUp(
            timedelta(minutes=7), HOUR, "order flow of 5 minutes, from the snapshot before them on"
        ),
        "order_book_hours": WarmUp(timedelta(days=31), DAY, "720 hourly samples"),
        "sentiment": WarmUp(timedelta(days=3), DAY, "the last value, valid for 48 h"),
    },
)
"""What the recipe reads."""


def read_recipe_facts(
    connection: Connection, *, instrument_ids: Sequence[int], start: datetime, as_of: datetime
) -> MarketFacts:
    """The facts for `FeatureRecipe.build` at decisions from `start` to `as_of`, as known at `as_of`.

    instrument_ids: the whole universe, whichever pairs are decided: the recipe compares them. Trades are
    read one by one: a busy pair has a million a day.

    Raises:
        StopError: `start` lies after `as_of`, or one of them has no time zone.
        DatabaseError: the server cannot answer.
    """
    return read_facts(connection, instrument_ids=instrument_ids, start=start, as_of=as_of, reading=RECIPE)
