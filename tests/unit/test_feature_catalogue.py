"""The catalogue, the vectors and the document agree with each other."""

import polars as pl
import pytest

from hydra.domain import Regime, SignalSource
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.features.catalogue import ALIASES, CATALOGUE, FAMILIES, WORKING_COLUMNS
from hydra.features.document import DOCUMENT, rendered
from hydra.features.engine.plan import make_plan
from hydra.features.evaluate import MARKET_FEATURES, feature_matrix
from hydra.features.facts import SOURCES
from hydra.features.feature import Feature
from hydra.features.fingerprint import definitions_fingerprint
from hydra.features.for_models.sequence_windows import SEQUENCE_STEPS
from hydra.features.vectors import (
    FEATURE_RECIPE_V1,
    LAYER_2_QUANTITIES_V1,
    REGIME_FEATURES_V1,
    SEQUENCE_FEATURES_V1,
    SIGNAL_SCORER_FEATURES_V1,
)
from hydra.features.version import FEATURE_SET_VERSION
from tests.support.feature_market import START, decisions_at, random_market

CONTEXT = {
    "side", "confidence", "source", "expected_return", "expected_adverse_excursion", "regime",
    "volatility_regime", "time", "signal_expected_return", "signal_adverse_excursion",
}  # fmt: skip


def test_the_scorer_reads_49_features_in_the_printed_order() -> None:
    names = SIGNAL_SCORER_FEATURES_V1
    assert len(names) == len(set(names)) == 49
    assert names[:3] == ("signal_direction", "signal_confidence", "source_FUNDING_SQUEEZE")
    assert names[2:7] == tuple(f"source_{source.value}" for source in SignalSource)
    assert (names[9], names[19], names[23], names[26], names[29], names[33]) == (
        "return_1m", "funding_rate", "oi_delta_pct", "liq_imbalance", "ob_imbalance", "long_short_ratio",
    )  # fmt: skip
    assert names[35:42] == tuple(f"regime_{regime.name}" for regime in Regime)
    assert names[42:] == (
        "volatility_regime_encoded", "cascade_probability", "hour_of_day_sin", "hour_of_day_cos",
        "day_of_week_sin", "day_of_week_cos", "minutes_to_funding",
    )  # fmt: skip


def test_the_regime_model_reads_25_features_in_the_printed_order() -> None:
    names = REGIME_FEATURES_V1
    assert len(names) == len(set(names)) == 25
    assert names[:4] == ("return_1h", "return_4h", "return_24h", "m5_sma_20_slope")
    assert (names[7], names[11], names[15], names[20], names[24]) == (
        "m5_adx_14", "volatility_zscore", "funding_rate", "liq_velocity", "m5_cvd_momentum",
    )  # fmt: skip


def test_every_name_of_a_vector_is_in_the_catalogue_and_every_feature_is_used() -> None:
    vectors = {
        *SIGNAL_SCORER_FEATURES_V1, *REGIME_FEATURES_V1, *LAYER_2_QUANTITIES_V1, *FEATURE_RECIPE_V1,
        *SEQUENCE_STEPS,
    }  # fmt: skip
    # The alert reads past evaluations, the thresholds past decisions.
    named = {ALIASES.get(name, name) for name in vectors}
    assert named | {"regime_break_alert", *ADAPTIVE_THRESHOLDS} == set(CATALOGUE)


def test_the_recipe_has_80_features_in_the_order_of_its_definition() -> None:
    names = FEATURE_RECIPE_V1
    assert len(names) == len(set(names)) == 80
    assert (names[0], names[13], names[33], names[40], names[51], names[53], names[54], names[79]) == (
        "ret_1", "adx", "micro", "leader", "liquidity_score", "volume_score", "order_flow_imbalance",
        "wave_trend",
    )  # fmt: skip
    # The engine document names the first 54, the strategy document the others, but for what the scorer has.
    for place, name in enumerate(names, start=1):
        source = CATALOGUE[ALIASES.get(name, name)].source
        namer = "engine document, " if place <= 54 else "strategy document, "
        assert source.startswith((namer, "ML document, ")), name


def test_a_step_of_a_sequence_has_14_numbers() -> None:
    assert len(SEQUENCE_FEATURES_V1) == len(set(SEQUENCE_FEATURES_V1)) == len(SEQUENCE_STEPS) == 14


def test_a_name_is_defined_once() -> None:
    features = [feature.name for family in FAMILIES.values() for feature in family]
    names = [*features, *WORKING_COLUMNS, *ALIASES]
    assert len(names) == len(set(names))


def test_an_alias_is_the_same_column() -> None:
    market = random_market(seed=2, days=1)
    decisions = decisions_at([START.replace(hour=20, second=2)])
    matrix = feature_matrix(market, decisions, [*ALIASES, *sorted(set(ALIASES.values()))])
    for alias, name in ALIASES.items():
        assert matrix[alias].equals(matrix[name]), alias


@pytest.mark.parametrize("feature", CATALOGUE.values(), ids=lambda feature: feature.name)
def test_a_feature_says_what_it_is(feature: Feature) -> None:
    texts = (
        feature.unit,
        feature.window,
        feature.null_rule,
        feature.pit,
        feature.source,
        feature.description,
    )
    assert all(texts)
    assert set(feature.pit.split(",")) <= set("BEFCSPX")
    for column in feature.inputs:
        frame, name = column.split(".")
        known = CATALOGUE if frame == "sample" else CONTEXT | {"regime_confidence"}
        assert name in (SOURCES[frame].columns if frame in SOURCES else known)


def test_a_changed_definition_raises_the_version() -> None:
    """If this fails: raise FEATURE_SET_VERSION and write both here; a new polars may change the hash."""
    assert (FEATURE_SET_VERSION, definitions_fingerprint()) == ("features-4", "c6b18cc6850e2c54")


def test_definitions_in_a_circle_are_refused() -> None:
    first = WORKING_COLUMNS["sma_20"]
    circle = {
        "a": type(first)("a", first.grid, pl.col("b")),
        "b": type(first)("b", first.grid, pl.col("a")),
    }
    with pytest.raises(ValueError, match="circle"):
        make_plan(circle, ("a",))


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == rendered(), "run: python -m hydra.features.document"


def test_the_document_has_every_feature() -> None:
    assert all(f"| `{name}` |" in rendered() for name in CATALOGUE)


def _evaluations(regimes: list[int], confidence: float) -> pl.DataFrame:
    return pl.DataFrame({"instrument_id": 1, "regime": regimes, "regime_confidence": confidence})


def _breaks(evaluations: pl.DataFrame) -> pl.Series:
    return evaluations.select(CATALOGUE["regime_break_alert"].expression).to_series()


def test_a_regime_break_is_a_sure_regime_that_is_not_the_mode_of_the_last_twelve() -> None:
    # Twelve times RANGING; then TRENDING_UP breaks, RANGING does not.
    breaks = _breaks(_evaluations([2] * 12 + [0, 2], 0.6))
    assert breaks.to_list() == [None] * 12 + [1.0, 0.0]


def test_an_unsure_regime_is_no_break_and_neither_is_one_of_two_modes() -> None:
    assert _breaks(_evaluations([2] * 12 + [0], 0.59))[12] == 0.0
    # Six times each: both are the mode.
    assert _breaks(_evaluations([2, 0] * 6 + [0], 0.9))[12] == 0.0


def test_evaluations_of_another_pair_do_not_count() -> None:
    two = pl.concat(
        [_evaluations([2] * 12, 0.9), _evaluations([0], 0.9).with_columns(instrument_id=pl.lit(2))]
    )
    assert _breaks(two.cast({"instrument_id": pl.Int16}))[12] is None


def test_names_none_gives_all_features_but_those_of_past_evaluations() -> None:
    assert set(CATALOGUE) - set(MARKET_FEATURES) == {"regime_break_alert", *ADAPTIVE_THRESHOLDS}
