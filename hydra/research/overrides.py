"""KEY=VALUE: a setting by its key, or a parameter of the rules by its path (signals.carry_funding=0.0004).

Source: C112 (every threshold can be set).
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hydra.errors import SettingsError
from hydra.settings import ENV_FILE, Settings, load_settings
from hydra.trading.parameters import Rules, rules_of


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """{"KEY": "VALUE"} of texts KEY=VALUE.

    Raises:
        SettingsError: a text has no key or no value, or a key is given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, separator, value = (part.strip() for part in text.partition("="))
        if not separator or not key or not value:
            raise SettingsError(f"--set {text}: write KEY=VALUE, e.g. --set MAX_POSITIONS=3")
        if key in found:
            raise SettingsError(f"--set {key} is given twice: {found[key]} and {value}")
        found[key] = value
    return found


def settings_and_rules(
    assignments: Mapping[str, str], feeds: Iterable[str], config: Path | None = None
) -> tuple[Settings, Rules]:
    """The settings and the rules' parameters under `assignments`; `config` takes the place of `.env`.

    Raises:
        SettingsError: a key is unknown or a value impossible; the message names it and what is near.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"--config {config}: there is no such file")
    paths = {key: value for key, value in assignments.items() if "." in key}
    keys = {key: value for key, value in assignments.items() if "." not in key}
    settings = load_settings(config or ENV_FILE, keys)
    rules = rules_of(settings, feeds)
    for path, value in paths.items():
        rules = _with(rules, path, path.split("."), value)
    return settings, rules


def _with(record: Any, path: str, parts: list[str], text: str) -> Any:
    """`record` with the parameter at `parts` set to what `text` says."""
    name, *rest = parts
    known = {field.name: field for field in fields(record)}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else f": there are {', '.join(known)}"
        raise SettingsError(f"--set {path}: the rules have no parameter {name}{hint}")
    value = getattr(record, name)
    if is_dataclass(value) != bool(rest):
        what = "one number" if rest else "a group of parameters"
        raise SettingsError(f"--set {path}: {name} is {what}")
    changed = _with(value, path, rest, text) if rest else _typed(value, name, path, text)
    return replace(record, **{name: changed})


def _typed(value: Any, name: str, path: str, text: str) -> Any:
    kind = float if value is None else type(value)
    if kind in {tuple, frozenset}:
        raise SettingsError(f"--set {path}: {name} is a list of values; change it by its setting")
    try:
        return TypeAdapter(kind).validate_strings(text)
    except ValidationError as error:
        raise SettingsError(f"--set {path}={text}: {error.errors()[0]['msg']}") from None
