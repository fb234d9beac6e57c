"""The facts behind the recipe's features: those of layers 2 and 3, further back, and four more.

A live decision of the layers never reads them; who builds the recipe does.
Source: features.md sections 0 and 5; DESIGN, law 3.
"""

from collections.abc import Sequence
from datetime import datetime

from adbc_driver_manager.dbapi import Connection

from hydra.features.facts import MODEL_SOURCES, MarketFacts
from hydra.features.reading.point_in_time import read_facts


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
    return read_facts(
        connection, instrument_ids=instrument_ids, start=start, as_of=as_of, sources=MODEL_SOURCES
    )
