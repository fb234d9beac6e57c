"""The exit predictor's 34 columns by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from hydra.arrays import TIME
from hydra.domain import Regime, SignalSource
from hydra.errors import BadDataError
from hydra.features.for_models.exit_features import MARKET_COLUMNS, POSITION_COLUMNS, exit_features
from hydra.features.vectors import EXIT_PREDICTOR_FEATURES_V1
from hydra.layers import positions

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
SHORT: dict[str, object] = {
    "time": NOW, "side": "SHORT", "entry_time": NOW - timedelta(minutes=90), "entry_price": 100.0,
    "mark_price": 98.0, "stop_loss_price": 103.0, "take_profit_price": 95.0, "liquidation_price": 110.0,
    "funding_paid_usd": -3.0, "entry_notional_usd": 1000.0, "source": "OI_DIVERGENCE", "confidence": 0.55,
    "thesis_strength": 0.01, "entry_thesis_strength": 0.04, "entry_funding_rate": 0.0001,
    "entry_oi_contracts": 500.0, "entry_regime": 2, "entry_volatility_1h": 0.4, "funding_rate": 0.0003,
    "oi_delta_pct": -0.01, "oi_contracts": 450.0, "regime": 3, "volatility_1h": 0.6, "volatility_regime": 3,
    "return_1h": -0.02, "return_15m": -0.005, "cascade_probability": 0.1, "liq_velocity": 0.01,
}  # fmt: skip
BY_HAND = {
    "position_side": -1.0, "unrealized_pnl_pct": 0.02, "time_in_position_hours": 1.5,
    "distance_to_stop_loss": 5 / 98, "distance_to_take_profit": 3 / 98, "distance_to_liquidation": 12 / 98,
    "funding_paid_pct": -0.003, "thesis_health": 0.25, "original_confidence": 0.55,
    "current_funding_rate": 0.0003, "funding_vs_entry": 0.0002, "current_oi_delta": -0.01,
    "oi_vs_entry": -0.1, "regime_changed": 1.0, "current_volatility": 0.6, "volatility_vs_entry": 0.5,
    "volatility_regime": 3.0, "return_since_entry": -0.02, "return_last_1h": -0.02,
    "return_last_15m": -0.005, "cascade_probability": 0.1, "liq_velocity": 0.01,
    **{f"original_signal_source_{s.value}": float(s is SignalSource.OI_DIVERGENCE) for s in SignalSource},
    **{f"current_regime_{r.name}": float(r.value == 3) for r in Regime},
}  # fmt: skip


def _features(**changes: object) -> dict[str, float | None]:
    row = {**SHORT, **changes}
    frame = pl.DataFrame(
        [row], schema_overrides={"time": TIME, "entry_time": TIME, "stop_loss_price": pl.Float64}
    )
    return exit_features(frame).row(0, named=True)


def test_a_short_in_profit_by_hand() -> None:
    assert _features() == pytest.approx(BY_HAND)


def test_there_are_24_names_in_34_columns_in_the_printed_order() -> None:
    names = EXIT_PREDICTOR_FEATURES_V1
    assert len(names) == len(set(names)) == len(BY_HAND) == 34
    assert tuple(_features()) == names
    plain = [n for n in names if not n.startswith(("original_signal_source_", "current_regime_"))]
    assert len(plain) + 2 == 24
    assert (names[8], names[13], names[18], names[25], names[33]) == (
        "original_signal_source_FUNDING_SQUEEZE", "original_confidence", "current_regime_TRENDING_UP",
        "regime_changed", "liq_velocity",
    )  # fmt: skip


def test_a_long_mirrors_the_distances_and_the_market_keeps_its_sign() -> None:
    found = _features(side="LONG", stop_loss_price=95.0, take_profit_price=110.0, liquidation_price=90.0)
    assert found["unrealized_pnl_pct"] == found["return_since_entry"] == pytest.approx(-0.02)
    distances = [found[f"distance_to_{name}"] for name in ("stop_loss", "take_profit", "liquidation")]
    assert distances == pytest.approx([3 / 98, 12 / 98, 8 / 98])


def test_what_is_not_there_is_null_and_the_zero_rules_hold() -> None:
    assert _features(stop_loss_price=None)["distance_to_stop_loss"] is None
    assert _features(entry_oi_contracts=0.0)["oi_vs_entry"] is None
    assert _features(entry_volatility_1h=0.0)["volatility_vs_entry"] == 0.0
    assert _features(entry_regime=3)["regime_changed"] == 0.0


@pytest.mark.parametrize(
    ("now", "at_entry", "health"),
    [(0.05, 0.04, 1.0), (-0.01, 0.04, 0.0), (0.01, 0.0, 0.0), (0.01, -0.02, 0.0)],
)
def test_the_health_of_a_thesis_lies_between_0_and_1_and_is_that_of_the_exit_rule(
    now: float, at_entry: float, health: float
) -> None:
    assert _features(thesis_strength=now, entry_thesis_strength=at_entry)["thesis_health"] == health
    assert positions.thesis_health(now, at_entry) == health


@pytest.mark.parametrize("name", [*POSITION_COLUMNS, *MARKET_COLUMNS])
def test_a_missing_column_is_named(name: str) -> None:
    with pytest.raises(BadDataError, match=name):
        exit_features(pl.DataFrame([SHORT]).drop(name))
