"""Converts dataclasses to values that JSON can hold."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """`value` with times in ISO 8601 UTC, spans in seconds and money as exact text; others as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return f"{value:f}" if isinstance(value, Decimal) else value
