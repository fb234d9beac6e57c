"""What the rules take and give cannot be changed behind anyone's back."""

import dataclasses
import importlib

import pytest

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
    assert not hasattr(value, "__dict__") or "__slots__" in vars(value)


def test_the_rooms_have_values() -> None:
    assert len(VALUES) > 20
