"""The types of numbers in settings and rules, with their bounds, and the bounds in words.

These types check a setting by its key, a parameter of the rules by its path, and a stored record.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

LARGEST_KEY: Final = 2**63 - 1
"""Of a run or a trial: what a bigint column holds."""

LARGEST_SEED: Final = 2**62

AS_RECORDED: Final = "as recorded"
"""Validation context of stored records: a run keeps its numbers, even outside of today's bounds."""


def _unless_recorded(value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return check(value)
    except ValidationError:
        if info.context == AS_RECORDED:
            return value
        raise


def _exact_unless_recorded(value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Exact numbers are text in JSON; one that a stress took out of bounds is a number still."""
    kept = _unless_recorded(value, check, info)
    return Decimal(kept) if isinstance(kept, str) else kept


_BOUNDED: Final = WrapValidator(_unless_recorded)
_EXACT: Final = WrapValidator(_exact_unless_recorded)

Fraction: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0), _BOUNDED]
PositiveFraction: TypeAlias = Annotated[float, Field(gt=0.0, le=1.0), _BOUNDED]
RiskFraction: TypeAlias = Annotated[float, Field(gt=0.0, le=0.1), _BOUNDED]
RiskPercent: TypeAlias = Annotated[float, Field(gt=0.0, le=10.0), _BOUNDED]
PositivePercent: TypeAlias = Annotated[float, Field(gt=0.0, le=100.0), _BOUNDED]
CascadeWarning: TypeAlias = Annotated[float, Field(ge=0.0, le=0.7), _BOUNDED]
"""A cascade score; above 0.7 it blocks (C10)."""

FundingRate: TypeAlias = Annotated[float, Field(gt=0.0, le=0.1), _BOUNDED]
"""Size of a funding rate per 8 h, a fraction."""

CrowdingRatio: TypeAlias = Annotated[float, Field(gt=0.0, le=100.0), _BOUNDED]
"""Long accounts per short account."""

Slope: TypeAlias = Annotated[float, Field(gt=0.0, le=1e6), _BOUNDED]
Zscore: TypeAlias = Annotated[float, Field(ge=0.0, le=100.0), _BOUNDED]
Leverage: TypeAlias = Annotated[float, Field(ge=1.0, le=125.0), _BOUNDED]
PositiveUsd: TypeAlias = Annotated[float, Field(gt=0.0, le=1e9), _BOUNDED]
Seconds: TypeAlias = Annotated[float, Field(ge=0.0, le=86_400.0), _BOUNDED]
DecisionAge: TypeAlias = Annotated[float, Field(ge=5.0, le=55.0), _BOUNDED]
"""Of a minute that is still decided, seconds: more than two, and less than a minute."""

Minutes: TypeAlias = Annotated[float, Field(ge=0.0, le=525_600.0), _BOUNDED]
Hours: TypeAlias = Annotated[float, Field(gt=0.0, le=8_760.0), _BOUNDED]
PositiveBps: TypeAlias = Annotated[float, Field(gt=0.0, le=10_000.0), _BOUNDED]
Bps: TypeAlias = Annotated[Decimal, Field(ge=0, le=1_000), _EXACT]
"""Basis points of a notional, exact."""

SpreadBps: TypeAlias = Annotated[Decimal, Field(ge=0, le=200), _EXACT]
CostFactor: TypeAlias = Annotated[Decimal, Field(ge=1, le=10), _EXACT]
"""How many times a spread is paid; at both bounds and under stress a sale still gets two fifths."""

Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000), _BOUNDED]
PositiveCount: TypeAlias = Annotated[int, Field(ge=1, le=1_000), _BOUNDED]


def own_words(message: str) -> str:
    """A message of a check, without the words that the library puts before those of HYDRA's own checks."""
    return message.removeprefix("Value error, ")


def range_words(schema: Mapping[str, Any]) -> str | None:
    """What a JSON schema allows, in words: "a number above 0 and at most 1"; None where it sets no range."""
    schema = schema.get("anyOf", [schema])[0]
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "boolean":
        return "true or false"
    signs = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    bounds = [f"{words} {schema[name]:,.15g}" for name, words in signs.items() if name in schema]
    if not bounds:
        return None
    return f"a {'whole ' if schema['type'] == 'integer' else ''}number {' and '.join(bounds)}"
