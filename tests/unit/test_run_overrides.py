"""What a run was made with that is not the default, read back from its stored row."""

from collections.abc import Mapping
from typing import Any

import pytest

from hydra.answers.run_overrides import STRESS_WORDS, Override, OverrideKind, overrides_of
from hydra.backtest.stress import Stress, stressed_rules
from hydra.research.overrides import settings_and_rules
from hydra.trading.parameters import recorded_rules


def stored(assignments: Mapping[str, str], *stresses: Stress) -> dict[str, Any]:
    """`runs.config` of a backtest with these assignments and stresses."""
    settings, rules = settings_and_rules(assignments, ("liquidations",))
    return {
        "settings": settings.model_dump(mode="json", include={"max_positions", "max_leverage", "kill_scope"}),
        **recorded_rules(stressed_rules(rules, stresses)),
        "stress": [stress.value for stress in stresses],
    }


def found(assignments: Mapping[str, str], *stresses: Stress) -> list[Override]:
    return overrides_of(stored(assignments, *stresses), ("liquidations",))


def test_a_run_with_the_defaults_has_none() -> None:
    assert found({}) == []
    assert overrides_of({"settings": {}, "instrument_ids": [1]}, ()) == []


def test_removed_parameters_that_never_decided_anything_are_not_listed() -> None:
    config = stored({})
    config["rules"]["execution"]["unprotected_seconds"] = 5.0
    config["rules"]["statistical"]["regime"]["memory_evaluations"] = 12
    assert overrides_of(config, ("liquidations",)) == []


def test_a_setting_is_listed_once_and_what_follows_from_it_is_not() -> None:
    assert found({"MAX_POSITIONS": "3"}) == [Override(OverrideKind.SETTING, "MAX_POSITIONS", "3", "5")]
    assert found({"KILL_SCOPE": "pair"}) == [
        Override(OverrideKind.SETTING, "KILL_SCOPE", "pair", "portfolio")
    ]


def test_a_rule_is_listed_by_its_path_with_its_default() -> None:
    assert found({"signals.carry_funding": "0.0004"}) == [
        Override(OverrideKind.RULE, "signals.carry_funding", "0.0004", "0.0005")
    ]


@pytest.mark.parametrize("stress", Stress)
def test_every_stress_is_listed_in_words_and_nothing_else(stress: Stress) -> None:
    assert found({}, stress) == [Override(OverrideKind.STRESS, stress.value, STRESS_WORDS[stress], "none")]


def test_they_are_written_as_they_are_typed() -> None:
    all_of_them = found({"MAX_POSITIONS": "3", "signals.carry_funding": "0.0004"}, Stress.SPREAD_X5)
    assert [one.assignment for one in all_of_them] == [
        "MAX_POSITIONS=3", "signals.carry_funding=0.0004", "stress spread_x5",
    ]  # fmt: skip


def test_what_an_older_version_knew_is_listed_and_what_it_lacked_is_the_default() -> None:
    config = stored({})
    config["settings"]["gone_setting"] = 4
    config["rules"]["signals"]["gone_rule"] = 5
    del config["rules"]["signals"]["carry_funding"]
    config["stress"] = ["gone_stress"]
    assert [(one.name, one.value) for one in overrides_of(config, ("liquidations",))] == [
        ("GONE_SETTING", "4"), ("signals.gone_rule", "5"), ("gone_stress", "not known to this version"),
    ]  # fmt: skip
