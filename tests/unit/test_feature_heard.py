"""How long an exchange has to be heard before a feature is known, as docs/features.md lists it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl
import pytest

from hydra.features.catalogue import CATALOGUE
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.facts import SOURCES, MarketFacts
from hydra.features.feature import OF_HISTORY
from tests.support.feature_market import SECOND, START, decisions_at, random_market

DAYS: Final = 8
NOW: Final = START + timedelta(days=DAYS) + 2 * SECOND
ONLY_HEARD: Final = (
    "order_book_tops", "order_book_levels", "order_book_hours", "trades", "liquidations", "heartbeats",
)  # fmt: skip
OF_STREAMS: Final = [name for name in MARKET_FEATURES if CATALOGUE[name].heard]
FEW_TRADES: Final = {"tick_rule"}
"""It needs a hundred trades: of a market with two a minute it is known later."""


@pytest.fixture(scope="module")
def market() -> MarketFacts:
    """Two pairs; their feed of forced orders was never silent."""
    beats = pl.datetime_range(
        NOW - timedelta(hours=26), NOW, timedelta(seconds=20), time_unit="us", eager=True
    )
    alive = pl.DataFrame({"time": beats, "known_at": beats, "feed": "liquidations"})
    pairs = pl.Series("instrument_id", [1, 2], pl.Int16).to_frame()
    columns = list(SOURCES["heartbeats"].columns)
    return replace(
        random_market(seed=3, days=DAYS), heartbeats=pairs.join(alive, how="cross").select(columns)
    )


def known_after(market: MarketFacts, heard: timedelta) -> set[str]:
    """The features that are known of some pair at NOW if the exchange is heard since `heard` before it."""
    since = pl.col("known_at") > NOW - heard
    frames = {name: market.of(name).filter(since) for name in ONLY_HEARD}
    # The index is fetched at the start, days of it at once.
    published = market.sentiment if heard else market.sentiment.clear()
    facts = replace(market, **frames, sentiment=published)
    matrix = feature_matrix(facts, decisions_at([NOW]))
    return {name for name in MARKET_FEATURES if matrix[name].null_count() < matrix.height}


def test_features_of_history_need_nothing_heard(market: MarketFacts) -> None:
    unheard, later = known_after(market, timedelta(0)), known_after(market, timedelta(hours=26))
    assert unheard & set(OF_STREAMS) == set()
    of_history = {name for name in MARKET_FEATURES if CATALOGUE[name].heard == OF_HISTORY}
    assert later & of_history == unheard & of_history


@pytest.mark.parametrize("heard", sorted({CATALOGUE[name].heard for name in OF_STREAMS}))  # type: ignore[type-var]
def test_a_feature_of_streams_is_known_once_it_was_heard_so_long(
    market: MarketFacts, heard: timedelta
) -> None:
    of_it = {name for name in OF_STREAMS if CATALOGUE[name].heard == heard}
    assert of_it - FEW_TRADES <= known_after(market, heard)
    too_short = heard - max(timedelta(minutes=1), heard / 8)
    assert of_it & known_after(market, too_short) == set()


def test_what_has_no_member_is_never_known(market: MarketFacts) -> None:
    never = {name for name in MARKET_FEATURES if CATALOGUE[name].heard is None}
    assert never == {"sector_rot_defi"}
    assert never & known_after(market, timedelta(days=1)) == set()
