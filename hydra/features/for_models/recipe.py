"""The recipe: the only way from facts to the 80 features of the five-class and the edge models.

Source: engine document, FeatureRecipe (`build` for training and live alike); C98 (why 80).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import polars as pl

from hydra.db.arrow_connection import ArrowConnection
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MODEL_SOURCES, MarketFacts
from hydra.features.reading.point_in_time import read_facts
from hydra.features.universe_numbers import under_universe_numbers
from hydra.features.vectors import FEATURE_RECIPE_V1


@dataclass(frozen=True)
class FeatureRecipe:
    """names: the features in the order in which the model reads them, aliases included.

    numbers: by instrument its pair's number in the universe, by which leaders and sectors are known
    (`read_universe_numbers`); instruments that are not named keep their own.
    """

    names: Sequence[str] = FEATURE_RECIPE_V1
    numbers: Mapping[int, int] = field(default_factory=dict)

    def build(self, facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
        """instrument_id, time and one Float64 column a name, in the order of the decisions.

        facts: as `read_recipe_facts` gives them, with the candles of every pair of the universe, because
        pairs are compared at the same close. decisions: instrument_id (Int16) and time (the instant t, UTC).
        Unknown values are null.

        Raises:
            BadDataError: an unknown name, a decision without key, or a fact off its grid.
        """
        evaluate = under_universe_numbers(self.numbers, partial(feature_matrix, names=self.names))
        return evaluate(facts, decisions)


def read_recipe_facts(
    connection: ArrowConnection, *, instrument_ids: Sequence[int], start: datetime, as_of: datetime
) -> MarketFacts:
    """The facts for `FeatureRecipe.build` at decisions from `start` to `as_of`, as known at `as_of`.

    instrument_ids: the whole universe, whichever pairs are decided, because the recipe compares them. Trades
    are read one by one: a busy pair has a million a day.

    Raises:
        StopError: `start` lies after `as_of`, or one of them has no time zone.
        DatabaseError: the server cannot answer.
    """
    return read_facts(
        connection, instrument_ids=instrument_ids, start=start, as_of=as_of, sources=MODEL_SOURCES
    )
