"""Settings reach the parameters of the rules, and the parameters survive the run's record."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hydra.domain import KillScope
from hydra.errors import SettingsError
from hydra.layers.layer2_data_health import DataHealthParameters
from hydra.layers.layer2_statistical import StatisticalParameters
from hydra.layers.layer3_signals import SignalParameters
from hydra.ledger.costs import CostParameters
from hydra.settings import Settings, load_settings
from hydra.trading.parameters import Rules, recorded_rules, rules_in, rules_of, rules_of_run
from tests.support.plain_run import a_run

FEEDS = ("order_book", "liquidations")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in Settings.attribute_by_key():
        monkeypatch.delenv(key, raising=False)


def rules_with(tmp_path: Path, line: str = "") -> Rules:
    path = tmp_path / ".env"
    path.write_text(line + "\n")
    return rules_of(load_settings(path), FEEDS)


def test_the_default_settings_give_the_printed_rules(tmp_path: Path) -> None:
    feeds = StatisticalParameters(data_health=DataHealthParameters(feeds=frozenset(FEEDS)))
    assert rules_with(tmp_path) == Rules(statistical=feeds)


@pytest.mark.parametrize(
    ("line", "parameter", "value"),
    [
        ("INITIAL_BALANCE=500", lambda rules: rules.initial_balance_usd, 500.0),
        ("MAX_LEVERAGE=3", lambda rules: rules.risk.max_leverage, 3.0),
        ("MAX_POSITION_SIZE_USD=700", lambda rules: rules.risk.limits.max_position_usd, 700.0),
        ("MAX_TOTAL_EXPOSURE_USD=800", lambda rules: rules.risk.limits.max_exposure_usd, 800.0),
        ("MAX_POSITIONS=2", lambda rules: rules.risk.limits.max_positions, 2),
        ("RISK_PER_TRADE_PCT=2", lambda rules: rules.risk.risk_per_trade, 0.02),
        ("MAX_PORTFOLIO_HEAT_PCT=4", lambda rules: rules.risk.limits.max_heat, 0.04),
        ("ENFORCE_RISK_CAP=false", lambda rules: rules.risk.enforce_risk_cap, False),
        ("KELLY_PROB_SOURCE=ml_score", lambda rules: rules.risk.kelly_uses_score, True),
        ("COOLDOWN_MINUTES=15", lambda rules: rules.risk.limits.cooldown_minutes, 15.0),
        ("COOLDOWN_AFTER_STOP_MINUTES=90", lambda rules: rules.risk.limits.cooldown_after_stop_minutes, 90.0),
        ("KILL_SCOPE=pair", lambda rules: rules.risk.kill.scope, KillScope.PAIR),
        ("MAX_HOLDING_HOURS=FUNDING_CARRY=5.5", lambda rules: rules.signals.carry_holding_hours, 5.5),
        ("DATA_OUTAGE_FLATTEN_S=60", lambda rules: rules.positions.outage_flatten_seconds, 60.0),
        ("EXTREME_VOLATILITY_EVALUATIONS=3", lambda rules: rules.positions.extreme_evaluations, 3),
        ("ML_SCORE_THRESHOLD=0.5", lambda rules: rules.scoring.score_threshold, 0.5),
        ("MIN_SIGNAL_CONFIDENCE=0.6", lambda rules: rules.scoring.min_confidence, 0.6),
        ("CASCADE_RESTRICT=0.3", lambda rules: rules.statistical.matrix.cascade_restrict, 0.3),
        (
            "FUNDING_RESTRICT_BLOCKS_ENTRIES=true",
            lambda rules: rules.statistical.matrix.funding_restrict_blocks_entries,
            True,
        ),
        ("LLM_HOLD_BLOCKS=false", lambda rules: rules.news_hold_blocks, False),
    ],
)
def test_a_setting_reaches_its_rule(
    tmp_path: Path, line: str, parameter: Callable[[Rules], object], value: object
) -> None:
    assert parameter(rules_with(tmp_path)) != value
    assert parameter(rules_with(tmp_path, line)) == value


def test_a_run_finds_in_its_record_the_rules_that_it_was_started_with(tmp_path: Path) -> None:
    rules = rules_with(
        tmp_path, "KILL_SCOPE=pair\nMAX_HOLDING_HOURS=FUNDING_SQUEEZE=1, FUNDING_CARRY=5\nCOOLDOWN_MINUTES=15"
    )
    record = json.loads(json.dumps(recorded_rules(rules)))
    assert rules_of_run(replace(a_run(None), config=record, config_hash="of these rules")) == rules


def test_the_record_of_the_rules_is_the_same_json_after_a_round_trip(tmp_path: Path) -> None:
    rules = rules_with(tmp_path, "KILL_SCOPE=pair")
    record = json.loads(json.dumps(recorded_rules(rules)))
    again = rules_in(record, ())
    assert again == rules
    assert type(again.risk.kill.scope) is KillScope
    assert recorded_rules(again) == record
    assert record["rules"]["statistical"]["data_health"]["feeds"] == sorted(FEEDS)


def test_a_record_from_before_a_parameter_and_its_bounds_stays_readable() -> None:
    """Costs and bounds are newer than such a record: costs are the default, its numbers stay its own."""
    record = json.loads(json.dumps(recorded_rules(Rules())))
    del record["rules"]["costs"]
    record["rules"]["risk"]["kill"]["daily_drawdown"] = 5.0
    record["rules"]["signals"]["a_parameter_that_is_gone"] = 1
    rules = rules_in(record, ())
    assert rules.risk.kill.daily_drawdown == 5.0
    assert rules.costs == CostParameters()
    assert replace(rules, risk=Rules().risk) == Rules()


@pytest.mark.parametrize(
    ("hours", "advice"),
    [
        (
            "4/2/6/8/12",
            "names no signal source: write FUNDING_SQUEEZE=4,LIQUIDATION_REVERSAL=2,OI_DIVERGENCE=6,"
            "CROWDING_FADE=8,FUNDING_CARRY=12",
        ),
        ("4", "write FUNDING_SQUEEZE=4"),
        ("/", "names no signal source"),
        ("FUNDING_SQUEEZE=4,", "names no signal source"),
        ("FUNDING=4", "FUNDING is none of FUNDING_SQUEEZE, LIQUIDATION_REVERSAL"),
        ("FUNDING_CARRY=4,FUNDING_CARRY=5", "FUNDING_CARRY is named twice"),
        ("FUNDING_CARRY=0", "FUNDING_CARRY=0 is not a number of hours above 0"),
        ("FUNDING_CARRY=inf", "not a number of hours above 0"),
        ("FUNDING_CARRY=long", "not a number of hours above 0"),
    ],
)
def test_holding_hours_that_name_no_source_or_no_hours_are_refused(
    tmp_path: Path, hours: str, advice: str
) -> None:
    path = tmp_path / ".env"
    path.write_text(f"MAX_HOLDING_HOURS={hours}\n")
    with pytest.raises(SettingsError, match=f"MAX_HOLDING_HOURS.*{advice}"):
        load_settings(path)


def test_a_source_that_is_not_named_keeps_its_printed_hours(tmp_path: Path) -> None:
    signals = rules_with(tmp_path, "MAX_HOLDING_HOURS=OI_DIVERGENCE=3").signals
    assert signals == replace(SignalParameters(), divergence_holding_hours=3.0)


def test_a_record_of_before_names_the_hours_in_the_order_of_the_sources_and_asks_for_no_cascade() -> None:
    """So `why` and `report` of an old run say what it was decided with."""
    record = {"rules": {"signals": {"squeeze_funding": 0.0004, "holding_hours": [1, 2, 3, 4, 5]}}}
    found = rules_of_run(replace(a_run(None), config=record, config_hash="of a run of before")).signals
    assert found == SignalParameters(
        squeeze_funding=0.0004, reversal_min_zscore=0.0, reversal_min_velocity=0.0, squeeze_holding_hours=1,
        reversal_holding_hours=2, divergence_holding_hours=3, crowding_holding_hours=4, carry_holding_hours=5,
    )  # fmt: skip


@pytest.mark.parametrize("line", ["CASCADE_RESTRICT=0.71", "KELLY_PROB_SOURCE=hope", "KILL_SCOPE=world"])
def test_a_choice_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match=line.partition("=")[0]):
        rules_with(tmp_path, line)
