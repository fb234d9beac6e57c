"""Each feature equals its definition, worked out in plain Python on the facts known at the decision."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hydra.features.catalogue import CATALOGUE
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.facts import MarketFacts
from tests.support.feature_market import START, decisions_at, random_market
from tests.support.feature_reference import REFERENCE
from tests.support.feature_reference_known import Known
from tests.support.feature_reference_recipe import RECIPE_REFERENCE, RECURSIVE

pytestmark = pytest.mark.slow

DAYS = 9
END = START + timedelta(days=DAYS)
# In the last half hour (books), around the hole and the silent feed, on a whole hour, odd instants.
MOMENTS = [
    END - timedelta(minutes=3) + timedelta(seconds=2),
    END - timedelta(minutes=17, seconds=21),
    END - timedelta(hours=1) + timedelta(seconds=2),
    END - timedelta(seconds=8_650),
    END - timedelta(minutes=560) + timedelta(seconds=2),
    END - timedelta(minutes=8) + timedelta(seconds=2),
    END - timedelta(minutes=830) + timedelta(seconds=2),
]
EVERY_REFERENCE = {**REFERENCE, **RECIPE_REFERENCE}
# Nine days are too short, and the pairs of this market are neither meme nor DeFi: see test_feature_recipe.
ELSEWHERE = {"htf", "corr_btc_720", "corr_eth_720", "sector_rot_defi", "sector_rot_meme"}


@pytest.fixture(scope="module")
def market() -> MarketFacts:
    return random_market(seed=5, days=DAYS)


@pytest.fixture(scope="module")
def matrix(market: MarketFacts) -> pl.DataFrame:
    return feature_matrix(market, decisions_at(MOMENTS))


@pytest.fixture(scope="module")
def known(market: MarketFacts) -> list[Known]:
    keys = decisions_at(MOMENTS).select("instrument_id", "time").iter_rows()
    return [Known(market, instrument, moment) for instrument, moment in keys]


@pytest.mark.parametrize("name", MARKET_FEATURES)
def test_a_feature_equals_its_definition(name: str, matrix: pl.DataFrame, known: list[Known]) -> None:
    expected = [EVERY_REFERENCE[name](one) for one in known]
    relative, absolute = (1e-4, 1e-6) if name in RECURSIVE else (1e-9, 1e-12)
    for found, value in zip(matrix[name], expected, strict=True):
        assert found == (None if value is None else pytest.approx(value, rel=relative, abs=absolute))


@pytest.mark.parametrize("name", [name for name in MARKET_FEATURES if name not in ELSEWHERE])
def test_the_market_of_these_tests_gives_each_feature_a_value(name: str, matrix: pl.DataFrame) -> None:
    assert matrix[name].is_not_null().any()


@pytest.mark.parametrize("name", MARKET_FEATURES)
def test_a_feature_stays_in_its_range(name: str, matrix: pl.DataFrame) -> None:
    feature, values = CATALOGUE[name], matrix[name].drop_nulls().to_numpy()
    assert np.isfinite(values).all()
    if not len(values):
        assert name in ELSEWHERE
        return
    assert feature.lowest is None or values.min() >= feature.lowest - 1e-12
    assert feature.highest is None or values.max() <= feature.highest + 1e-12
