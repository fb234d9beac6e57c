"""KEY=VALUE reaches settings and rules, and nothing that is misspelt passes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hydra.backtest.stress import Stress, planted_scenarios, stressed_rules
from hydra.domain import KillScope, MarketOrigin
from hydra.errors import SettingsError, StopError
from hydra.ledger.costs import PairCosts, taker_price
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.research.sweep import expand, validate
from hydra.settings import Settings
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import Rules, costs_in, recorded_rules, rules_in


def test_a_setting_goes_by_its_key_and_a_rule_by_its_path() -> None:
    given = {
        "MAX_POSITIONS": "3",
        "kill_scope": "pair",
        "signals.squeeze_funding": "0.0004",
        "risk.limits.cooldown_minutes": "5",
        "scoring.min_confidence": "0.6",
    }
    settings, rules = settings_and_rules(given, ("liquidations",))
    assert settings.max_positions == rules.risk.limits.max_positions == 3
    assert rules.risk.kill.scope is KillScope.PAIR
    assert rules.signals.squeeze_funding == 0.0004
    assert rules.risk.limits.cooldown_minutes == 5.0
    assert rules.scoring.min_confidence == 0.6
    assert rules.statistical.data_health.feeds == {"liquidations"}


def test_a_config_file_takes_the_place_of_the_environment_file(tmp_path: Path) -> None:
    config = tmp_path / "tight.env"
    config.write_text("MAX_POSITIONS=1\nML_SCORE_THRESHOLD=0.5\n")
    settings, _ = settings_and_rules({"MAX_POSITIONS": "2"}, (), config)
    assert (settings.max_positions, settings.ml_score_threshold) == (2, 0.5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"MAX_POSITION": "3"}, "did you mean MAX_POSITION"),
        ({"MAX_POSITIONS": "none"}, "MAX_POSITIONS: "),
        ({"signals.squeeze_fundng": "1"}, "did you mean squeeze_funding"),
        ({"signals": "1", "risk": "2"}, "SIGNALS is not a setting"),
        ({"risk.limits": "1"}, "limits is a group of parameters"),
        ({"signals.squeeze_funding.much": "1"}, "squeeze_funding is one value"),
        ({"signals.squeeze_funding": "high"}, "signals.squeeze_funding=high"),
        ({"statistical.data_health.feeds": "4"}, "change it by its setting"),
    ],
)
def test_what_cannot_be_set_is_refused(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        settings_and_rules(given, ())


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("signals.squeeze_funding", "nan", "a number above 0 and at most 0.1"),
        ("signals.squeeze_funding", "inf", "a number above 0 and at most 0.1"),
        ("signals.squeeze_funding", "1e12", "a number above 0 and at most 0.1"),
        ("signals.expected_adverse_excursion", "0", "a number above 0 and at most 1"),
        ("risk.kill.daily_drawdown", "5", "a number above 0 and at most 1"),
        ("risk.kill.scope", "world", "one of portfolio, pair"),
        ("risk.limits.max_positions", "2.5", "a whole number of at least 1 and at most 1,000"),
        ("risk.enforce_risk_cap", "perhaps", "true or false"),
        ("execution.latency_seconds", "-60", "a number of at least 0 and at most 86,400"),
        ("costs.maker_fee_bps", "-1", "a number of at least 0 and at most 1,000"),
        ("costs.spread_bps.BTC", "NaN", "a number of at least 0 and at most 200"),
        ("costs.taker_spread_factor", "10.1", "a number of at least 1 and at most 10"),
        ("statistical.volatility.low_percentile", "2", "a number of at least 0 and at most 1"),
    ],
)
def test_a_path_out_of_bounds_is_refused_with_path_value_and_range(
    path: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_and_rules({path: value}, ())
    assert str(caught.value) == f"--set {path}={value}: it has to be {allowed}"


@pytest.mark.parametrize("value", ["0", "nan", "inf", "1e12"])
def test_a_key_out_of_bounds_is_refused_with_its_range(value: str) -> None:
    with pytest.raises(SettingsError, match=r"INITIAL_BALANCE.*above 0 and at most 1,000,000,000"):
        settings_and_rules({"INITIAL_BALANCE": value}, ())


def numbers_of(group: dict[str, Any], path: str = "") -> Iterator[str]:
    """The path of every number of the rules' record (costs are exact: numbers as text)."""
    for name, value in group.items():
        if isinstance(value, dict):
            yield from numbers_of(value, f"{path}{name}.")
        elif (isinstance(value, int | float) and not isinstance(value, bool)) or path.startswith("costs."):
            yield f"{path}{name}"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e12", "-1e12", ""])
def test_every_number_of_the_rules_has_bounds(value: str) -> None:
    paths = [path for path in numbers_of(recorded_rules(Rules())["rules"]) if "." in path]
    assert len(paths) > 80
    with pytest.raises(SettingsError) as caught:
        settings_and_rules(dict.fromkeys(paths, value), ())
    for path in paths:
        assert f"--set {path}={value}: it has to be a" in str(caught.value)


def test_two_paths_out_of_bounds_are_both_named() -> None:
    given = {"risk.kill.daily_drawdown": "5", "costs.taker_fee_bps": "-1"}
    with pytest.raises(SettingsError, match=r"--set costs\.taker.*; --set risk\.kill"):
        settings_and_rules(given, ())


def test_costs_go_by_their_paths_and_the_rest_stays_the_cost_model() -> None:
    _, rules = settings_and_rules({"costs.maker_fee_bps": "1", "costs.spread_bps.BTC": "2"}, ())
    assert rules.costs.of("BTC") == PairCosts(Decimal(2), Decimal(1), Decimal(1), Decimal(5))
    assert rules.costs.of("ETH") == PairCosts(Decimal("0.5"), Decimal(1), Decimal(1), Decimal(5))
    with pytest.raises(SettingsError, match=r"no parameter BTCC \(did you mean BTC"):
        settings_and_rules({"costs.spread_bps.BTCC": "2"}, ())


def test_recorded_settings_take_the_place_of_file_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Settings(_env_file=None, max_positions=4).model_dump(mode="json")  # type: ignore[call-arg]
    monkeypatch.setenv("MAX_POSITIONS", "2")
    settings, rules = settings_and_rules({"COOLDOWN_MINUTES": "7"}, (), recorded=recorded)
    assert settings.max_positions == rules.risk.limits.max_positions == 4
    assert rules.risk.limits.cooldown_minutes == 7.0


def test_a_missing_config_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"--config nowhere\.env: there is no such file"):
        settings_and_rules({}, (), Path("nowhere.env"))


@pytest.mark.parametrize("text", ["MAX_POSITIONS", "=3", "MAX_POSITIONS=", " = "])
def test_an_assignment_needs_key_and_value(text: str) -> None:
    with pytest.raises(SettingsError, match="write KEY=VALUE"):
        parse_assignments([text])


def test_a_key_is_given_once() -> None:
    with pytest.raises(SettingsError, match="given twice: 1 and 2"):
        parse_assignments(["A=1", "A=2"])


def test_a_sweep_is_every_combination_of_what_varies() -> None:
    shared, trials = expand(["MAX_POSITIONS=3", "signals.carry_funding=0.1, 0.2", "COOLDOWN_MINUTES=5,10"])
    assert shared == {"MAX_POSITIONS": "3"}
    assert trials == [
        {"signals.carry_funding": "0.1", "COOLDOWN_MINUTES": "5"},
        {"signals.carry_funding": "0.1", "COOLDOWN_MINUTES": "10"},
        {"signals.carry_funding": "0.2", "COOLDOWN_MINUTES": "5"},
        {"signals.carry_funding": "0.2", "COOLDOWN_MINUTES": "10"},
    ]


def test_a_sweep_varies_something_and_all_of_it_can_be() -> None:
    with pytest.raises(SettingsError, match="a sweep varies a setting"):
        expand(["MAX_POSITIONS=3"])
    with pytest.raises(SettingsError, match="MAX_POSITIONS"):
        validate({}, [{"MAX_POSITIONS": "3"}, {"MAX_POSITIONS": "-3"}])


def test_at_the_bounds_of_the_costs_and_under_stress_a_sale_still_gets_something() -> None:
    """Half of 200 bps, ten and five times over, and 1,000 bps of slippage: 40 of 100."""
    dearest = {"spread_bps.SOL": "200", "slippage_bps.SOL": "1000", "taker_spread_factor": "10"}
    _, rules = settings_and_rules({f"costs.{path}": value for path, value in dearest.items()}, ())
    costs = stressed_rules(rules, tuple(Stress)).costs.of("SOL")
    assert taker_price(Decimal(100), -1, costs.taker_spread_bps, costs.slippage_bps) == 40


def test_costs_that_a_stress_took_out_of_bounds_are_read_back_as_numbers() -> None:
    dear = {"costs.taker_spread_factor": "10", "costs.taker_fee_bps": "600"}
    rules = stressed_rules(settings_and_rules(dear, ())[1], tuple(Stress))
    assert rules.costs.taker_spread_factor == 50
    assert rules.costs.taker_fee_bps == 1200
    record = json.loads(json.dumps(recorded_rules(rules)))
    assert rules_in(record, ()) == rules
    assert costs_in(record).of("BTC").taker_spread_bps == 25


def test_only_a_generated_market_can_be_planted_with_trouble() -> None:
    planted = planted_scenarios((Stress.CASCADE, Stress.FEES_X2), MarketOrigin.GENERATED)
    assert planted == (Scenario.CASCADE,)
    assert planted_scenarios((Stress.FEES_X2,), MarketOrigin.RECORDED) == (Scenario.DAY,)
    with pytest.raises(StopError, match="add --market generated"):
        planted_scenarios((Stress.OUTAGE,), MarketOrigin.RECORDED)


def test_stresses_change_the_costs_and_the_latency_of_the_rules_and_nothing_else() -> None:
    rules = Rules()
    wide = stressed_rules(rules, (Stress.SPREAD_X5,)).costs
    assert wide.of("BTC") == PairCosts(Decimal("0.5"), Decimal(1), taker_spread_factor=Decimal(5))
    assert wide.of("BTC").taker_spread_bps == Decimal("2.5")
    dear = stressed_rules(rules, (Stress.FEES_X2,)).costs
    assert dear.of("BTC") == PairCosts(Decimal("0.5"), Decimal(1), Decimal(4), Decimal(10))
    late = stressed_rules(rules, (Stress.LATENCY,))
    assert late.execution.latency_seconds == 60.0
    assert replace(late, execution=rules.execution) == rules
    assert stressed_rules(rules, (Stress.CASCADE,)) == rules
