"""The header Retry-After of HTTP (RFC 9110, section 10.2.3): how long a server asks to be left alone.

Source: docs/exchange.md, "Refusals".
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf


def seconds_told(retry_after: str) -> float | None:
    """Seconds from now that the header names, as a number or as a date; None: it names none."""
    try:
        seconds = float(retry_after)
    except ValueError:
        pass
    else:
        return seconds if 0 <= seconds < inf else None
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)
