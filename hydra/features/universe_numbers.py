"""Instruments of any venue under the numbers of the universe, by which features know leaders and sectors."""

from collections.abc import Mapping, Sequence

import polars as pl

from hydra.db.arrow import end_read, read_frame
from hydra.db.arrow_connection import ArrowConnection
from hydra.features.engine.decision_frame import DECISION_SCHEMA
from hydra.features.evaluate import Evaluate, feature_matrix
from hydra.features.facts import SOURCES, MarketFacts
from hydra.universe import find_pair

_INSTRUMENT = pl.col("instrument_id")


def read_universe_numbers(connection: ArrowConnection, instrument_ids: Sequence[int]) -> dict[int, int]:
    """Of each of some instruments of any venue the number of its pair in the universe, if it is in it.

    Raises:
        DatabaseError: the server cannot answer.
    """
    bases = read_frame(connection, "reads/bases", (list(instrument_ids),))
    end_read(connection)
    pairs = ((instrument_id, find_pair(base)) for instrument_id, base in bases.iter_rows())
    return {instrument_id: pair.instrument_id for instrument_id, pair in pairs if pair is not None}


def under_universe_numbers(numbers: Mapping[int, int], evaluate: Evaluate = feature_matrix) -> Evaluate:
    """`evaluate` on facts and decisions under the universe's numbers; its rows keep their own instruments.

    numbers: see `read_universe_numbers`; instruments that are not named keep their own.
    """
    if all(instrument_id == number for instrument_id, number in numbers.items()):
        return evaluate
    number = _INSTRUMENT.replace(numbers)

    def evaluated(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
        tables = {
            name: facts.of(name).with_columns(number).sort(_INSTRUMENT, maintain_order=True)
            for name in SOURCES
        }
        matrix = evaluate(MarketFacts(**tables), decisions.with_columns(number))
        return decisions.select(tuple(DECISION_SCHEMA)).hstack(matrix.drop(tuple(DECISION_SCHEMA)))

    return evaluated
