"""KEY=VALUE: a setting by its key, or a parameter of the rules by its path (signals.carry_funding=0.0004).

Source: C112 (every threshold can be set).
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from hydra.bounds import own_words, range_words
from hydra.errors import SettingsError
from hydra.outside_text import storable
from hydra.settings import ENV_FILE, Settings, load_settings, refuse_secrets
from hydra.trading.parameters import RULES_ADAPTER, Rules, rules_of

_KEY: Final = re.compile(r"[\w.]+")


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """{"KEY": "VALUE"} of texts KEY=VALUE.

    Raises:
        SettingsError: a text has no key or no value, or a key is given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, separator, value = (part.strip() for part in storable(text).partition("="))
        refuse_secrets([key])
        if not separator or not key or not value:
            named = f" {key}" if _KEY.fullmatch(key) else ""
            raise SettingsError(f"--set{named}: write KEY=VALUE, e.g. --set MAX_POSITIONS=3")
        if key in found:
            raise SettingsError(f"--set {key} is given twice: {found[key]} and {value}")
        found[key] = value
    return found


def settings_and_rules(
    assignments: Mapping[str, str],
    feeds: Iterable[str],
    config: Path | None = None,
    recorded: Mapping[str, Any] | None = None,
) -> tuple[Settings, Rules]:
    """The settings and the rules' parameters under `assignments`.

    config: a file that replaces `.env`. recorded: settings by attribute name (see `recorded_settings`) that
    replace the file and the environment.

    Raises:
        SettingsError: a key or path is unknown, or a value out of its range; the message names it, the value
            and what is allowed.
    """
    if config is not None and not config.is_file():
        raise SettingsError(f"--config {config}: there is no such file")
    paths = {key: value for key, value in assignments.items() if "." in key}
    keys = {key: value for key, value in assignments.items() if "." not in key}
    names = {name: key for key, name in Settings.attribute_by_key().items()}
    parameters = names.keys() - Settings.secrets()
    before = {names[name]: value for name, value in (recorded or {}).items() if name in parameters}
    settings = load_settings(config or ENV_FILE, {**before, **keys})
    return settings, _with(rules_of(settings, feeds), paths)


def _with(rules: Rules, paths: Mapping[str, str]) -> Rules:
    """`rules` with the parameters at `paths` set to the given texts."""
    record = RULES_ADAPTER.dump_python(rules, mode="json")
    for path, text in paths.items():
        group, name = _place(record, path)
        group[name] = text
    try:
        return RULES_ADAPTER.validate_python(record)
    except ValidationError as error:
        refused = [_refused(item["loc"], item["msg"], paths) for item in error.errors()]
        raise SettingsError("; ".join(refused)) from None


def _place(record: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The group that contains the parameter at `path`, and the parameter's name in it."""
    *groups, last = path.split(".")
    for name in groups:
        record = _member(record, name, path)
        if not isinstance(record, dict):
            raise SettingsError(f"--set {path}: {name} is one value, no group of parameters")
    value = _member(record, last, path)
    if isinstance(value, dict):
        raise SettingsError(f"--set {path}: {last} is a group of parameters: {', '.join(value)}")
    if isinstance(value, list):
        raise SettingsError(f"--set {path}: {last} is a list of values; change it by its setting")
    return record, last


def _member(group: Mapping[str, Any], name: str, path: str) -> Any:
    if name not in group:
        near = difflib.get_close_matches(name, group, n=1)
        hint = f" (did you mean {near[0]}?)" if near else f": there are {', '.join(group)}"
        raise SettingsError(f"--set {path}: the rules have no parameter {name}{hint}")
    return group[name]


def _refused(place: Sequence[str | int], message: str, paths: Mapping[str, str]) -> str:
    path = ".".join(map(str, place))
    allowed = range_words(_schema_at(place))
    words = f"it has to be {allowed}" if allowed else own_words(message)
    return f"--set {path}={paths[path]}: {words}" if path in paths else f"{path}: {words}"


@cache
def _rules_schema() -> Mapping[str, Any]:
    return RULES_ADAPTER.json_schema()


def _schema_at(place: Sequence[str | int]) -> Mapping[str, Any]:
    """The JSON schema of the parameter at `place`."""
    schema = root = _rules_schema()
    for name in place:
        members = schema.get("properties", {})
        schema = members[name] if name in members else schema["additionalProperties"]
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema
