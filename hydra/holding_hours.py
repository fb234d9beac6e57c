"""The longest holding of a position by signal source, as a setting writes it (C47)."""

import math
from typing import Annotated

from pydantic import AfterValidator

from hydra.domain import SignalSource


def holding_hours(text: str) -> dict[SignalSource, float]:
    """Hours by signal source, from text such as FUNDING_SQUEEZE=4,FUNDING_CARRY=24.

    Raises:
        ValueError: a source is unknown or named twice, or its hours are not a number above 0.
    """
    found: dict[SignalSource, float] = {}
    for part in text.split(","):
        name, separator, hours = (piece.strip() for piece in part.partition("="))
        if not separator:
            raise ValueError(f"{part.strip()} names no signal source: write {named_hours(text)}")
        if name in found:
            raise ValueError(f"{name} is named twice")
        if name not in SignalSource.__members__:
            raise ValueError(f"{name} is none of {', '.join(SignalSource)}")
        found[SignalSource(name)] = _hours(name, hours)
    return found


def _hours(name: str, text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 < hours < math.inf:
        raise ValueError(f"{name}={text} is not a number of hours above 0")
    return hours


def named_hours(text: str) -> str:
    """How to write what was meant: 4/2/6/8/24, hours in the order of the sources, was written before."""
    hours = text.split("/") if text.count("/") == len(SignalSource) - 1 else ["4"]
    return ",".join(f"{source}={hour}" for source, hour in zip(SignalSource, hours, strict=False))


def _checked_hours(text: str) -> str:
    holding_hours(text)
    return text


HoldingHours = Annotated[str, AfterValidator(_checked_hours)]
