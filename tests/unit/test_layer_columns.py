"""The rules read columns by the names that the catalogue of features and the decision frame give them."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from hydra.features.catalogue import CATALOGUE
from hydra.layers.layer2_data_health import DataHealthParameters
from hydra.layers.layer2_statistical import StatisticalParameters, assess
from hydra.layers.layer3_scoring import ScoringParameters, choose
from hydra.layers.layer3_signals import SignalParameters, apply_requirements, generate
from hydra.layers.scorer import RuleBasedScorer, with_score

FEATURES = (
    "funding_rate",
    "spread_bps",
    "m5_candles",
    "m5_price_vs_sma_20",
    "m5_price_vs_sma_50",
    "volatility_percentile",
    "liq_velocity",
    "known_liq_velocity",
    "liq_imbalance",
    "oi_delta_pct",
    "return_24h",
    "long_short_ratio",
    "liq_zscore_max_1h",
)
AGES = (
    "candle_age_seconds",
    "funding_age_seconds",
    "open_interest_age_seconds",
    "order_book_age_seconds",
    "liquidation_feed_age_seconds",
)
FEEDS = StatisticalParameters(
    data_health=DataHealthParameters(feeds=frozenset({"order_book", "liquidations"}))
)


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_that_the_rules_read_is_in_the_catalogue(name: str) -> None:
    assert name in CATALOGUE


def layer_3(assessed: pl.DataFrame) -> pl.DataFrame:
    firings = apply_requirements(generate(assessed, SignalParameters()), SignalParameters())
    return with_score(firings, RuleBasedScorer())


@pytest.mark.parametrize("parameters", [StatisticalParameters(), FEEDS])
def test_the_rules_need_no_other_column(parameters: StatisticalParameters) -> None:
    """A quiet minute beside one that fires and is chosen, through layers 2 and 3."""
    numbers = (
        dict.fromkeys(FEATURES, 0.0)
        | dict.fromkeys(AGES, 5.0)
        | {"volatility_percentile": 0.3, "m5_candles": 24.0}
    )
    keys = {"instrument_id": 1, "time": datetime(2026, 1, 1, tzinfo=UTC)}
    fires = {**numbers, "return_24h": 0.05, "oi_delta_pct": -0.05, "instrument_id": 2}
    frame = pl.DataFrame([{**keys, **numbers}, {**keys, **fires}])
    assessed = assess(frame, parameters)
    chosen = choose(layer_3(assessed), ScoringParameters())
    assert assessed["tradability"].to_list() == ["ALLOW", "ALLOW"]
    assert chosen.select("instrument_id", "source", "side", "chosen").rows() == [
        (2, "OI_DIVERGENCE", "SHORT", True)
    ]


def test_an_empty_frame_stays_empty() -> None:
    schema: dict[str, Any] = {"instrument_id": pl.Int16, "time": pl.Datetime("us", "UTC")} | dict.fromkeys(
        (*FEATURES, *AGES), pl.Float64
    )
    assessed = assess(pl.DataFrame(schema=schema), FEEDS)
    chosen = choose(layer_3(assessed), ScoringParameters())
    assert (assessed.height, chosen.height) == (0, 0)
