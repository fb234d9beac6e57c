"""The parameters of the rules: from the settings, into a run's record, and back.

Every process of a run, and every later question about it, uses the parameters of its record.
Source: docs/architecture.md (one rule, every mode).
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, Final

from pydantic import TypeAdapter

from hydra.bounds import AS_RECORDED, Hours, PositiveCount, PositiveUsd
from hydra.domain import KillScope
from hydra.holding_hours import holding_hours, named_hours
from hydra.layers.layer2_data_health import DataHealthParameters
from hydra.layers.layer2_matrix import MatrixParameters
from hydra.layers.layer2_statistical import StatisticalParameters
from hydra.layers.layer3_news import SCANS_COUNTED
from hydra.layers.layer3_scoring import ScoringParameters
from hydra.layers.layer3_signals import GENERATORS, SignalParameters
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_limits import LimitParameters
from hydra.layers.layer4_risk import RiskParameters
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.layers.positions import PositionParameters
from hydra.ledger.costs import CostParameters
from hydra.settings import Settings
from hydra.trading.runs import Run

RULES_KEY: Final = "rules"
"""Their key in `runs.config`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters of all layers.

    news_hold_blocks: LLM_HOLD_BLOCKS (C03). news_scan_minutes: LLM_SCAN_MINUTES.
    resume_after_hours: in a backtest with an assumed operator (C130); None: nobody clears the kill switch.
    """

    initial_balance_usd: PositiveUsd = 10_000.0
    news_hold_blocks: bool = True
    news_scan_minutes: PositiveCount = 30
    resume_after_hours: Hours | None = None
    costs: CostParameters = field(default_factory=CostParameters)
    statistical: StatisticalParameters = field(default_factory=StatisticalParameters)
    signals: SignalParameters = field(default_factory=SignalParameters)
    scoring: ScoringParameters = field(default_factory=ScoringParameters)
    risk: RiskParameters = field(default_factory=RiskParameters)
    execution: ExecutionParameters = field(default_factory=ExecutionParameters)
    positions: PositionParameters = field(default_factory=PositionParameters)

    @property
    def initial_balance(self) -> Decimal:
        """The balance at the start of a run, exact."""
        return Decimal(repr(self.initial_balance_usd))

    @property
    def news_counts_for(self) -> timedelta:
        """How long a view of the news analyst counts: two scans."""
        return timedelta(minutes=SCANS_COUNTED * self.news_scan_minutes)


RULES_ADAPTER: Final = TypeAdapter(Rules)
"""Validates the parameters and converts them to JSON and back."""


def rules_of(settings: Settings, feeds: Iterable[str]) -> Rules:
    """The parameters that follow from the settings. feeds: those that the run declares (C111)."""
    return Rules(
        initial_balance_usd=settings.initial_balance,
        news_hold_blocks=settings.llm_hold_blocks,
        news_scan_minutes=settings.llm_scan_minutes,
        statistical=_statistical(settings, feeds),
        signals=SignalParameters(
            **_holding_hours(settings), is_adaptive=settings.signal_thresholds == "adaptive"
        ),
        scoring=ScoringParameters(
            scorer=settings.signal_scorer,
            score_threshold=settings.ml_score_threshold,
            min_confidence=settings.min_signal_confidence,
        ),
        risk=_risk(settings),
        positions=PositionParameters(
            extreme_evaluations=settings.extreme_volatility_evaluations,
            outage_flatten_seconds=settings.data_outage_flatten_s,
        ),
    )


def _holding_hours(settings: Settings) -> dict[str, float]:
    """The holding hours of the sources that the settings name."""
    if settings.max_holding_hours is None:
        return {}
    named = holding_hours(settings.max_holding_hours)
    return {GENERATORS[source].holding_hours: hours for source, hours in named.items()}


def _statistical(settings: Settings, feeds: Iterable[str]) -> StatisticalParameters:
    return StatisticalParameters(
        data_health=DataHealthParameters(feeds=frozenset(feeds)),
        matrix=MatrixParameters(
            cascade_restrict=settings.cascade_restrict,
            funding_restrict_blocks_entries=settings.funding_restrict_blocks_entries,
        ),
    )


def _risk(settings: Settings) -> RiskParameters:
    return RiskParameters(
        limits=LimitParameters(
            max_position_usd=settings.max_position_size_usd,
            max_exposure_usd=settings.max_total_exposure_usd,
            max_positions=settings.max_positions,
            max_heat=settings.max_portfolio_heat_pct / 100,
            cooldown_minutes=settings.cooldown_minutes,
            cooldown_after_stop_minutes=settings.cooldown_after_stop_minutes,
        ),
        kill=KillParameters(scope=KillScope(settings.kill_scope)),
        max_leverage=settings.max_leverage,
        risk_per_trade=settings.risk_per_trade_pct / 100,
        enforce_risk_cap=settings.enforce_risk_cap,
        kelly_uses_score=settings.kelly_prob_source == "ml_score",
    )


def recorded_rules(rules: Rules) -> dict[str, Any]:
    """The part of `runs.config` with every parameter: {"rules": ...}, as JSON."""
    return {RULES_KEY: RULES_ADAPTER.dump_python(rules, mode="json")}


def rules_of_run(run: Run) -> Rules:
    """The parameters of `run`: from its record, or from its settings if the record has none."""
    # Every stage of every cycle asks for them.
    key = (run.config_hash, run.feeds)
    if key not in _KNOWN:
        _KNOWN[key] = rules_in(run.config, run.feeds)
    return _KNOWN[key]


_KNOWN: Final[dict[tuple[str, tuple[str, ...]], Rules]] = {}


def rules_in(config: Mapping[str, Any], feeds: Iterable[str]) -> Rules:
    """The parameters in `runs.config`; those that the record does not know have their defaults."""
    if RULES_KEY in config:
        return RULES_ADAPTER.validate_python(rules_as_written_now(config[RULES_KEY]), context=AS_RECORDED)
    return rules_of(Settings.model_construct(**settings_in(config)), feeds)


def settings_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in `runs.config`, in today's form.

    Before C129 the holding hours were numbers in the order of the sources, 4/2/6/8/24 by default.
    """
    settings = dict(config.get("settings", {}))
    hours = settings.get("max_holding_hours")
    if hours == "4/2/6/8/24":
        settings["max_holding_hours"] = None
    elif hours is not None and "=" not in hours:
        settings["max_holding_hours"] = named_hours(hours)
    return settings


def costs_in(config: Mapping[str, Any]) -> CostParameters:
    """The costs in `runs.config`, stress included; without a record those of the cost model."""
    return RULES_ADAPTER.validate_python(
        rules_as_written_now(config.get(RULES_KEY, {})), context=AS_RECORDED
    ).costs


def rules_as_written_now(recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    """Recorded rules under today's names, without the removed ones.

    Before C129 the holding hours were one list, in the order of the sources, and LIQUIDATION_REVERSAL needed
    no cascade.
    """
    rules = deepcopy(dict(recorded))
    for *path, name in _REMOVED:
        reduce(lambda place, key: place.get(key, {}), path, rules).pop(name, None)
    signals = rules.get("signals", {})
    hours = signals.pop("holding_hours", None)
    if hours is None:
        return rules
    named = zip((one.holding_hours for one in GENERATORS.values()), hours, strict=False)
    before = {"reversal_min_zscore": 0.0, "reversal_min_velocity": 0.0}
    return {**rules, "signals": {**before, **signals, **dict(named)}}


_REMOVED: Final = (
    ("statistical", "data_health", "outage_flatten_seconds"),
    ("statistical", "regime", "sure_confidence"),
    ("statistical", "regime", "memory_evaluations"),
    ("execution", "unprotected_seconds"),
)
"""Parameters of older records that never decided anything."""
