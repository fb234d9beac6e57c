"""The features of a minute as layer 2 stored them, for a scorer."""

from collections.abc import Sequence

import polars as pl
import psycopg

from hydra.db import queries
from hydra.errors import BadDataError
from hydra.features.version import FEATURE_SET_VERSION
from hydra.trading.assessment_rows import STORED_FEATURES
from hydra.trading.cycle import Cycle
from hydra.trading.scoring import Vectors


def named_vectors(vectors: Sequence[Sequence[float | None]], names: Sequence[str]) -> pl.DataFrame:
    """The named features of stored vectors: a Float64 column a name, a row a vector.

    Raises:
        BadDataError: a vector has another length than today's.
    """
    if any(len(vector) != len(STORED_FEATURES) for vector in vectors):
        raise BadDataError("a stored feature vector has another length: it is of another version")
    places = [STORED_FEATURES.index(name) for name in names]
    columns = {name: [vector[place] for vector in vectors] for name, place in zip(names, places, strict=True)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.Float64()))


def vectors_of_minute(connection: psycopg.Connection, cycle: Cycle) -> Vectors:
    """The stored vectors of the pairs of a minute (see `Vectors`)."""

    def vectors(decisions: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        wanted: list[int] = decisions["instrument_id"].to_list()
        values = {"run_id": cycle.run_id, "instrument_ids": wanted, "time": cycle.time}
        rows = connection.execute(queries.load("stages/feature_vectors"), values).fetchall()
        if any(version != FEATURE_SET_VERSION for _, version, _ in rows):
            raise BadDataError("the features of this minute are of another version")
        stored = {instrument_id: vector for instrument_id, _, vector in rows}
        if not stored.keys() >= set(wanted):
            raise BadDataError("a pair of this minute has no stored features")
        return named_vectors([stored[instrument_id] for instrument_id in wanted], names)

    return vectors
