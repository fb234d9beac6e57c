"""Live reading and batch give the same features on recorded markets: both begin at an anchor set by t."""

from collections.abc import Iterator
from random import Random

import numpy as np
import polars as pl
import pytest

from hydra.checks.warm_up import is_recursive
from hydra.db.arrow_connection import ArrowConnection
from hydra.db.edition import Edition
from hydra.db.engine import adbc_connect
from hydra.features.engine.decision_frame import decision_frame, decision_frames, decision_minutes
from hydra.features.evaluate import feature_matrix
from hydra.features.reading.point_in_time import read_facts
from hydra.features.reading.window import MarketWindow
from hydra.features.vectors import DECISION_FEATURES_V1
from tests.support.fact_writer import write_rows
from tests.support.recorded_market import ABSENT, is_recorded, recorded_rows
from tests.support.synthetic_market import utc

pytestmark = pytest.mark.skipif(not is_recorded(), reason=ABSENT)

PAIRS = tuple(range(1, 9))
# The month in which all eight pairs are complete; what lies before has holes, and is needed for warm-up.
LOADED_FROM, FIRST, LAST = utc(2025, 4, 25), utc(2025, 5, 27), utc(2025, 6, 23, 23)
# Minutes, eight pairs at each; fewer where only the reading differs, which has tests of its own.
MINUTES = {Edition.APACHE: 60, Edition.COMMUNITY: 10}
BETWEEN_FRESH_READINGS = 15
# What layers 2 and 3 read. The recipe's further features are of order one, and some are small differences of
# large numbers, of which the last bits depend on where a window began: for them 1e-9 of their unit is equal.
STRICT = frozenset(DECISION_FEATURES_V1)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[ArrowConnection]:
    """Two months of recorded markets, rolled up as an import leaves them."""
    with adbc_connect(database_url) as opened:
        write_rows(opened, recorded_rows(LOADED_FROM, LAST))
        yield opened


def test_features_read_at_each_minute_equal_those_of_one_batch(
    connection: ArrowConnection, edition: Edition
) -> None:
    """Some five hundred random (pair, minute): from a window that moved there, some from a fresh reading."""
    every = decision_minutes(PAIRS, FIRST, LAST)
    instants = sorted(Random(11).sample(every["time"].unique().to_list(), MINUTES[edition]))
    decisions = every.filter(pl.col("time").is_in(instants))
    facts = read_facts(connection, instrument_ids=PAIRS, start=FIRST, as_of=LAST)
    batch, ages = feature_matrix(facts, decisions), decision_frames(facts, decisions)
    window = MarketWindow.load(connection, PAIRS, instants[0])
    for number, instant in enumerate(instants):
        here = pl.col("time") == instant
        known = window.advance(instant)
        if number % BETWEEN_FRESH_READINGS == 0:
            known = read_facts(connection, instrument_ids=PAIRS, start=instant, as_of=instant)
        _assert_same(feature_matrix(known, decisions.filter(here)), batch.filter(here))
        assert decision_frame(known, instant).equals(ages.filter(here))
    assert batch.height == MINUTES[edition] * len(PAIRS)
    assert batch["return_24h"].null_count() == 0
    assert batch["volatility_percentile"].null_count() < 0.2 * batch.height


def _assert_same(live: pl.DataFrame, batch: pl.DataFrame) -> None:
    for name in live.columns[2:]:
        # Recursive features depend on their first bar, which the batch has further back.
        relative = 1e-4 if is_recursive(name) else 1e-9
        absolute = 1e-12 if name in STRICT else 1e-9
        one, other = live[name].cast(pl.Float64).to_numpy(), batch[name].cast(pl.Float64).to_numpy()
        where = f"{name} at {live['time'][0]}: live {one}, batch {other}"
        assert np.allclose(one, other, rtol=relative, atol=absolute, equal_nan=True), where
