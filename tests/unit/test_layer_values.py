"""Values of the rules are frozen, and their defaults are the printed numbers."""

import dataclasses
import importlib
from collections.abc import Mapping
from decimal import Decimal

import pytest

from hydra.domain import KillScope
from hydra.layers.layer2_data_health import InputHealth
from hydra.layers.layer2_matrix import MatrixParameters
from hydra.layers.layer2_regime import RegimeParameters
from hydra.layers.layer2_volatility import VolatilityParameters
from hydra.layers.layer3_scoring import ScoringParameters
from hydra.layers.layer3_signals import SignalParameters
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_limits import LimitParameters
from hydra.layers.layer4_risk import RiskParameters
from hydra.layers.layer5_paper_fills import BarrierHit
from hydra.ledger.costs import PairCosts
from hydra.paths import PROJECT_ROOT

MODULES = [
    f"hydra.{room}.{path.stem}"
    for room in ("layers", "ledger")
    for path in sorted((PROJECT_ROOT / "hydra" / room).glob("[a-z]*.py"))
]
VALUES = [
    value
    for name in MODULES
    for value in vars(importlib.import_module(name)).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == name
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_values_are_frozen_and_take_no_new_names(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)


def test_the_rooms_have_values() -> None:
    assert len(VALUES) > 20


def test_codes_keep_the_numbers_that_stored_rows_have() -> None:
    assert [(state.name, state.value) for state in InputHealth] == [
        ("FRESH", 0),
        ("NOT_RECORDED", 1),
        ("STALE", 2),
        ("MISSING", 3),
        ("WIDE", 4),
        ("OFF", 5),
    ]
    assert [(hit.name, hit.value) for hit in BarrierHit] == [
        ("NONE", 0),
        ("STOP", 1),
        ("TARGET", 2),
        ("LIQUIDATION", 3),
    ]


PRINTED: Mapping[type, Mapping[str, object]] = {
    VolatilityParameters: {"extreme_percentile": 0.95, "high_percentile": 0.80, "elevated_percentile": 0.50},
    RegimeParameters: {
        "cascade_probability": 0.5, "funding_rate": 0.001, "oi_delta": 0.02, "trend_band": 0.02,
    },
    MatrixParameters: {"cascade_block": 0.7, "cascade_restrict": 0.6, "funding_restrict": 0.001},
    SignalParameters: {
        "squeeze_funding": 0.0005, "squeeze_confidence_slope": 500.0, "squeeze_confidence_cap": 0.8,
        "reversal_imbalance": 0.7, "reversal_cascade": 0.3, "reversal_confidence": 0.65,
        "divergence_price_change": 0.02, "divergence_oi_change": 0.02, "divergence_confidence": 0.55,
        "crowding_ratio_high": 2.0, "crowding_ratio_low": 0.5, "crowding_funding": 0.0003,
        "crowding_confidence": 0.6, "carry_funding": 0.0005, "carry_confidence": 0.5,
        "expected_return": 0.02, "expected_adverse_excursion": 0.01,
    },
    ScoringParameters: {"score_threshold": 0.45, "min_confidence": 0.50},
    LimitParameters: {
        "max_position_usd": 10_000.0, "max_exposure_usd": 50_000.0, "max_positions": 5, "max_heat": 0.06,
        "cooldown_minutes": 60.0, "cooldown_after_stop_minutes": 240.0,
    },
    KillParameters: {
        "daily_drawdown": 0.05, "funding_rate_8h": 0.005, "cascade_probability": 0.7,
        "scope": KillScope.PORTFOLIO,
    },
    RiskParameters: {"max_leverage": 10.0, "risk_per_trade": 0.01},
    PairCosts: {"maker_fee_bps": Decimal(2), "taker_fee_bps": Decimal(5)},
}  # fmt: skip
"""The numbers that the sources print; those of readings are tested where they decide."""


@pytest.mark.parametrize("value", PRINTED, ids=lambda value: value.__name__)
def test_the_defaults_are_the_printed_numbers(value: type) -> None:
    default = {field.name: field.default for field in dataclasses.fields(value)}
    assert {name: default[name] for name in PRINTED[value]} == PRINTED[value]
