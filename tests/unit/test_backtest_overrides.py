"""KEY=VALUE reaches settings and rules, and nothing that is misspelt passes."""

from pathlib import Path

import pytest

from hydra.backtest.stress import Stress, planted_scenarios, stressed_rules
from hydra.domain import KillScope, MarketOrigin
from hydra.errors import SettingsError, StopError
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.research.sweep import expand, validate
from hydra.sim.market.settings import Scenario
from hydra.trading.parameters import Rules


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
        ({"signals.squeeze_funding.much": "1"}, "squeeze_funding is one number"),
        ({"signals.squeeze_funding": "high"}, "signals.squeeze_funding=high"),
        ({"statistical.data_health.feeds": "4"}, "change it by its setting"),
    ],
)
def test_what_cannot_be_set_is_refused(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        settings_and_rules(given, ())


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


def test_only_a_generated_market_can_be_planted_with_trouble() -> None:
    planted = planted_scenarios((Stress.CASCADE, Stress.FEES_X2), MarketOrigin.GENERATED)
    assert planted == (Scenario.CASCADE,)
    assert planted_scenarios((Stress.FEES_X2,), MarketOrigin.RECORDED) == (Scenario.DAY,)
    with pytest.raises(StopError, match="add --market generated"):
        planted_scenarios((Stress.OUTAGE,), MarketOrigin.RECORDED)


def test_latency_is_a_minute_and_nothing_else() -> None:
    rules = Rules()
    assert stressed_rules(rules, (Stress.SPREAD_X5,)) == rules
    assert stressed_rules(rules, (Stress.LATENCY,)).execution.latency_seconds == 60.0
