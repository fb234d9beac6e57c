"""The features on recorded markets: no look-ahead, values in range, a year of every pair without a slip."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from hydra.features.catalogue import CATALOGUE
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.facts import MarketFacts
from tests.bench.recorded_market import data_directory, recorded_facts
from tests.support.feature_lookahead import future_shock_mismatches, truncation_mismatches
from tests.support.feature_market import decisions_at

pytestmark = pytest.mark.slow

# All eight pairs are complete here.
NOW = datetime(2025, 6, 20, 12, 0, 2, tzinfo=UTC)
PAIRS = tuple(range(1, 9))
NEVER_RECORDED = (
    "liquidations.", "order_book_tops.", "order_book_levels.", "trades.", "sentiment.",
    "candles_1m.taker_buy_quote_volume", "candles_5m.taker_buy_quote_volume",
)  # fmt: skip
# Without a book it is made of candles alone.
BY_CANDLES = {"liquidity_score"}
# Null here by right: never recorded, or of a sector in which there is no pair.
UNRECORDED = {
    name
    for name in MARKET_FEATURES
    if any(column.startswith(NEVER_RECORDED) for column in CATALOGUE[name].inputs) and name not in BY_CANDLES
} | {"sector_rot_defi"}
# Null for DOGE (8), whose minutes begin 26 days before.
OF_A_MONTH = {"corr_btc_720", "corr_eth_720"}


@pytest.fixture(scope="module")
def facts() -> MarketFacts:
    directory = data_directory()
    if directory is None:
        pytest.skip("no recorded data beside the checkout (HYDRA_SHARED_DATA names another place)")
    return recorded_facts(directory)


def test_recorded_markets_give_every_recorded_feature_in_its_range(facts: MarketFacts) -> None:
    moments = [NOW - timedelta(minutes=k) for k in range(0, 1440, 3)]
    # LTC (7) has no open interest and no ratios.
    matrix = feature_matrix(facts, decisions_at(moments, tuple(p for p in PAIRS if p != 7)))
    for name in MARKET_FEATURES:
        known = matrix.filter(pl.col("instrument_id") != 8) if name in OF_A_MONTH else matrix
        feature, values = CATALOGUE[name], known[name]
        if name in UNRECORDED:
            assert values.is_null().all(), name
        else:
            assert values.null_count() == 0, name
            assert values.is_finite().all(), name
            assert feature.lowest is None or values.to_numpy().min() >= feature.lowest, name
            assert feature.highest is None or values.to_numpy().max() <= feature.highest, name


@pytest.mark.parametrize("check", [truncation_mismatches, future_shock_mismatches])
def test_recorded_markets_show_no_look_ahead(check, facts: MarketFacts) -> None:  # type: ignore[no-untyped-def]
    recent = MarketFacts(
        **{
            name: getattr(facts, name).filter(
                pl.col("time").is_between(NOW - timedelta(days=36), NOW + timedelta(hours=2))
            )
            for name in MarketFacts.__dataclass_fields__
        }
    )
    moments = [NOW - timedelta(minutes=k) for k in (0, 7, 61)]
    assert check(recent, decisions_at(moments, PAIRS), feature_matrix) == []
