"""No text makes a setting or a parameter of the rules anything but a value in its bounds, or a sentence."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import SettingsError
from hydra.research.overrides import parse_assignments, settings_and_rules
from hydra.settings import Settings, load_settings
from hydra.trading.parameters import RULES_ADAPTER, rules_of


def paths(record: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The path of every parameter of the rules."""
    for name, value in record.items():
        yield from paths(value, f"{above}{name}.") if isinstance(value, dict) else (above + name,)


RULES_AS_JSON = RULES_ADAPTER.dump_python(rules_of(Settings(_env_file=None), ()), mode="json")  # type: ignore[call-arg]
PLACES = [
    *Settings.attribute_by_key(),
    *paths(RULES_AS_JSON),
    "",
    ".",
    "costs",
    "signals.",
    "\udcff",
    "signals.\udcff",
]


@pytest.mark.parametrize(
    "text",
    [
        "inf", "-inf", "nan", "sNaN", "1e999", "-1e999", "1e1000000000", "9" * 5000, "0" * 5000, "\udcff",
        "\x00", "a\x00b",
        "\x1b[31m", "٣", "0x10", "[/red]", "-0", "1e-400", "None",
    ],
)  # fmt: skip
def test_no_text_gets_an_infinite_or_undefined_number_into_the_rules(text: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    for place in PLACES:
        try:
            settings, rules = settings_and_rules(parse_assignments([f"{place}={text}"]), (), empty)
        except SettingsError as error:
            assert "Value error" not in str(error)  # noqa: PT017  # of each of many places
            continue
        values: list[Any] = [*vars(settings).values(), *values_of(RULES_ADAPTER.dump_python(rules))]
        assert all(math.isfinite(value) for value in values if isinstance(value, int | float | Decimal)), (
            place
        )
        assert all(value.isprintable() for value in values if isinstance(value, str)), place


def values_of(record: Mapping[str, Any]) -> Iterator[Any]:
    """The value of every parameter of the rules."""
    for value in record.values():
        yield from values_of(value) if isinstance(value, dict) else (value,)


@pytest.mark.parametrize(
    "line", ["LLM_MODEL=a\x00b", "LLM_MODEL=\x1b[31m", "INITIAL_BALANCE=1e999", "MAX_LEVERAGE=nan"]
)
def test_a_file_of_settings_is_checked_like_the_command_line(line: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.env"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"hostile.env: {line.partition('=')[0]}"):
        load_settings(file)


def test_a_file_of_settings_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bytes.env"
    file.write_bytes(b"MAX_POSITIONS=\xff\n")
    with pytest.raises(SettingsError, match=r"bytes.env is not a text of UTF-8"):
        load_settings(file)


def test_a_scorer_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(SettingsError, match=r"--set scoring.scorer=x: it has to be one of rule"):
        settings_and_rules({"scoring.scorer": "x"}, ())
