"""The recipe: the only way from facts to the 80 features of the five-class and the edge models.

Source: engine document, FeatureRecipe (`build` for training and live alike); C98 (why 80).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from adbc_driver_manager.dbapi import Connection

from hydra.db.arrow import end_read, read_frame
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MODEL_SOURCES, SOURCES, MarketFacts
from hydra.features.reading.point_in_time import read_facts
from hydra.features.vectors import FEATURE_RECIPE_V1
from hydra.universe import find_pair

_INSTRUMENT = pl.col("instrument_id")


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
        numbered = MarketFacts(**{name: self._numbered(facts.of(name)) for name in SOURCES})
        matrix = feature_matrix(numbered, decisions.with_columns(self._number), self.names)
        return decisions.select("instrument_id", "time").hstack(matrix.select(self.names))

    @property
    def _number(self) -> pl.Expr:
        return _INSTRUMENT.replace(self.numbers)

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` under the universe's numbers, in their order."""
        if not self.numbers:
            return frame
        return frame.with_columns(self._number).sort("instrument_id", maintain_order=True)


def read_universe_numbers(connection: Connection, instrument_ids: Sequence[int]) -> dict[int, int]:
    """Of each of some instruments of any venue the number of its pair in the universe, if it is in it.

    Raises:
        DatabaseError: the server cannot answer.
    """
    bases = read_frame(connection, "reads/bases", (list(instrument_ids),))
    end_read(connection)
    pairs = ((instrument_id, find_pair(base)) for instrument_id, base in bases.iter_rows())
    return {instrument_id: pair.instrument_id for instrument_id, pair in pairs if pair is not None}


def read_recipe_facts(
    connection: Connection, *, instrument_ids: Sequence[int], start: datetime, as_of: datetime
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
