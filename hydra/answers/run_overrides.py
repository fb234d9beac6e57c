"""Settings, rule parameters and stresses of a run that are not the defaults.

Source: C112 (every threshold can be set); docs/architecture.md (every decision names its run).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final

from hydra.backtest.stress import FEE_FACTOR, LATENCY_SECONDS, SPREAD_FACTOR, Stress, stressed_rules
from hydra.settings import Settings
from hydra.trading.parameters import RULES_KEY, recorded_rules, rules_as_written_now, rules_of, settings_in

STRESS_KEY: Final = "stress"
"""The key of the stress names in `runs.config`."""

_GONE: Final = "not known to this version"

STRESS_WORDS: Final[Mapping[Stress, str]] = {
    Stress.CASCADE: "a liquidation cascade is planted into every day",
    Stress.OUTAGE: "an outage of data is planted into every day",
    Stress.FUNDING_SPIKE: "a spike of funding is planted into every day",
    Stress.SPREAD_X5: f"spreads times {SPREAD_FACTOR}",
    Stress.FEES_X2: f"fees times {FEE_FACTOR}",
    Stress.LATENCY: f"orders arrive {LATENCY_SECONDS:.0f} s late",
}


class OverrideKind(StrEnum):
    """SETTING: a key of `.env`. RULE: a parameter of the rules by path. STRESS: a scenario of a backtest."""

    SETTING = "setting"
    RULE = "rule"
    STRESS = "stress"


@dataclass(frozen=True, slots=True)
class Override:
    """One value that is not the default, and the default, both as text."""

    kind: OverrideKind
    name: str
    value: str
    default: str

    @property
    def assignment(self) -> str:
        """As on the command line: MAX_POSITIONS=3, stress spread_x5."""
        return f"stress {self.name}" if self.kind is OverrideKind.STRESS else f"{self.name}={self.value}"


def overrides_of(config: Mapping[str, Any], feeds: Iterable[str]) -> list[Override]:
    """Every override of a run, from its stored row: `runs.config` and `runs.feeds`.

    A rule parameter that follows from a setting is listed only as that setting, one that a stress changes
    only as the stress.
    """
    settings = settings_in(config)
    stresses = config.get(STRESS_KEY, ())
    return [
        *_settings(settings),
        *_rules(rules_as_written_now(config.get(RULES_KEY, {})), _expected_rules(settings, feeds, stresses)),
        *(_stress(name) for name in stresses),
    ]


def _settings(recorded: Mapping[str, Any]) -> Iterator[Override]:
    keys = {name: key for key, name in Settings.attribute_by_key().items()}
    defaults = {name: _plain(field.get_default()) for name, field in Settings.model_fields.items()}
    for name, value in sorted(recorded.items()):
        if name not in defaults:
            yield Override(OverrideKind.SETTING, name.upper(), _text(value), _GONE)
        elif defaults[name] != value:
            yield Override(OverrideKind.SETTING, keys[name], _text(value), _text(defaults[name]))


def _expected_rules(
    settings: Mapping[str, Any], feeds: Iterable[str], stresses: Sequence[str]
) -> Mapping[str, Any]:
    """The rules that the run would have with its settings and stresses alone."""
    known = {name: value for name, value in settings.items() if name in Settings.model_fields}
    rules = rules_of(Settings.model_construct(**known), feeds)
    named = tuple(Stress(name) for name in stresses if name in set(Stress))
    return recorded_rules(stressed_rules(rules, named))[RULES_KEY]  # type: ignore[no-any-return]


def _rules(recorded: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Override]:
    defaults = dict(_paths(expected))
    for path, value in _paths(recorded):
        if path not in defaults:
            yield Override(OverrideKind.RULE, path, _text(value), _GONE)
        elif defaults[path] != value:
            yield Override(OverrideKind.RULE, path, _text(value), _text(defaults[path]))


def _paths(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every parameter: signals.carry_funding."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", _plain(value)


def _stress(name: str) -> Override:
    words = STRESS_WORDS[Stress(name)] if name in set(Stress) else _GONE
    return Override(OverrideKind.STRESS, name, words, "none")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
