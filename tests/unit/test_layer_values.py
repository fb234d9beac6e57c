"""Values of the rules are frozen, and their defaults are the printed numbers."""

import dataclasses
import importlib
import math
from decimal import Decimal

import pytest

from hydra.domain import KillScope, ReasonCode
from hydra.layers.layer2_data_health import DataHealthParameters, InputHealth
from hydra.layers.layer2_matrix import MatrixParameters
from hydra.layers.layer2_regime import RegimeParameters
from hydra.layers.layer2_volatility import VolatilityParameters
from hydra.layers.layer3_scoring import ScoringParameters
from hydra.layers.layer3_signals import SignalParameters
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_limits import LimitParameters, PortfolioState
from hydra.layers.layer4_risk import Candidate, RiskDecision, RiskParameters
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.layers.layer5_paper_fills import BarrierHit
from hydra.layers.positions import PositionParameters, PositionSnapshot
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
    ]
    assert [(hit.name, hit.value) for hit in BarrierHit] == [
        ("NONE", 0),
        ("STOP", 1),
        ("TARGET", 2),
        ("LIQUIDATION", 3),
    ]


def defaults(value: type) -> dict[str, object]:
    """Field -> default of a dataclass, where it has a plain one."""
    fields = dataclasses.fields(value)
    return {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            DataHealthParameters,
            {
                "feeds": frozenset(),
                "candle_age_seconds": 60.0,
                "open_interest_age_seconds": 600.0,
                "order_book_age_seconds": 15.0,
                "liquidation_feed_age_seconds": 60.0,
                "widest_spread_bps": 100.0,
                "outage_flatten_seconds": 300.0,
            },
        ),
        (
            VolatilityParameters,
            {
                "extreme_percentile": 0.95,
                "high_percentile": 0.80,
                "elevated_percentile": 0.50,
                "low_percentile": None,
            },
        ),
        (
            RegimeParameters,
            {
                "cascade_probability": 0.5,
                "funding_rate": 0.001,
                "oi_delta": 0.02,
                "trend_band": 0.02,
                "sure_confidence": 0.6,
                "memory_evaluations": 12,
            },
        ),
        (
            MatrixParameters,
            {
                "cascade_block": 0.7,
                "cascade_restrict": 0.6,
                "funding_restrict": 0.001,
                "funding_restrict_blocks_entries": False,
            },
        ),
        (
            SignalParameters,
            {
                "squeeze_funding": 0.0005,
                "squeeze_confidence_slope": 500.0,
                "squeeze_confidence_cap": 0.8,
                "reversal_imbalance": 0.7,
                "reversal_cascade": 0.3,
                "reversal_confidence": 0.65,
                "reversal_min_zscore": 2.0,
                "reversal_min_velocity": 0.002,
                "divergence_price_change": 0.02,
                "divergence_oi_change": 0.02,
                "divergence_confidence": 0.55,
                "crowding_ratio_high": 2.0,
                "crowding_ratio_low": 0.5,
                "crowding_funding": 0.0003,
                "crowding_confidence": 0.6,
                "carry_funding": 0.0005,
                "carry_confidence": 0.5,
                "expected_return": 0.02,
                "expected_adverse_excursion": 0.01,
                "squeeze_holding_hours": 4.0,
                "reversal_holding_hours": 2.0,
                "divergence_holding_hours": 6.0,
                "crowding_holding_hours": 8.0,
                "carry_holding_hours": 24.0,
                "is_adaptive": False,
                "floor_funding": 0.0001,
                "floor_price_change": 0.01,
                "floor_oi_change": 0.005,
                "floor_ratio_high": 1.2,
                "ceiling_ratio_low": 1 / 1.2,
            },
        ),
        (ScoringParameters, {"scorer": "rule", "score_threshold": 0.45, "min_confidence": 0.50}),
        (
            LimitParameters,
            {
                "max_position_usd": 10_000.0,
                "max_exposure_usd": 50_000.0,
                "max_positions": 5,
                "max_heat": 0.06,
                "cooldown_minutes": 60.0,
                "cooldown_after_stop_minutes": 240.0,
            },
        ),
        (
            KillParameters,
            {
                "daily_drawdown": 0.05,
                "funding_rate_8h": 0.005,
                "cascade_probability": 0.7,
                "scope": KillScope.PORTFOLIO,
            },
        ),
        (
            RiskParameters,
            {
                "max_leverage": 10.0,
                "risk_per_trade": 0.01,
                "enforce_risk_cap": True,
                "liquidation_buffer": 0.2,
                "kelly_uses_score": False,
            },
        ),
        (
            ExecutionParameters,
            {
                "entry_timeout_seconds": 120.0,
                "exit_timeout_seconds": 60.0,
                "most_requotes": 3,
                "unprotected_seconds": 5.0,
                "latency_seconds": 0.0,
            },
        ),
        (
            PositionParameters,
            {
                "thesis_floor": 0.25,
                "liquidation_buffer": 0.2,
                "extreme_evaluations": 2,
                "outage_flatten_seconds": 300.0,
            },
        ),
        (
            PairCosts,
            {
                "maker_fee_bps": Decimal(2),
                "taker_fee_bps": Decimal(5),
                "taker_spread_factor": Decimal(1),
            },
        ),
        (
            PortfolioState,
            {
                "exposure_usd": 0.0,
                "heat_usd": 0.0,
                "margin_usd": 0.0,
                "positions": 0,
                "drawdown": 0.0,
                "daily_drawdown": 0.0,
            },
        ),
        (
            RiskDecision,
            {
                "quantity": Decimal(0),
                "recommended_size_usd": Decimal(0),
                "recommended_leverage": 0.0,
                "stop_loss_price": Decimal(0),
                "take_profit_price": Decimal(0),
                "max_holding_hours": 0.0,
                "liquidation_price": 0.0,
                "heat_usd": 0.0,
                "kill": None,
            },
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_defaults_are_the_printed_numbers(value: type, expected: dict[str, object]) -> None:
    assert defaults(value) == expected


def test_a_candidate_or_position_is_unencumbered_unless_said_otherwise() -> None:
    candidate, state = defaults(Candidate), defaults(PositionSnapshot)
    assert math.isnan(float(str(candidate.pop("minutes_since_exit"))))
    assert candidate == {
        "regime_break_alert": False,
        "entries_allowed": True,
        "kill_latched": False,
        "has_position": False,
        "stopped_out": False,
    }
    assert math.isnan(float(str(state.pop("outage_seconds"))))
    assert state == {
        "layer2_reason": ReasonCode.NORMAL,
        "extreme_evaluations": 0,
        "kill_latched": False,
    }
