"""Times as people write and read them: ISO 8601 or the time of day, always UTC, to the minute."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from hydra.errors import StopError

FIRST_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
END_OF_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""No market that HYDRA knows is older or newer; beyond, arithmetic with times would leave the calendar."""

_TIME_OF_DAY: Final = re.compile(r"(\d{1,2}):(\d{2})")


def parse_minute(option: str, text: str, examples: str = "2025-06-01T14:05") -> datetime:
    """The minute of an ISO 8601 text; see `parse_instant`."""
    return parse_instant(option, text, examples).replace(second=0, microsecond=0)


def parse_instant(option: str, text: str, examples: str = "2025-06-01T14:05:30") -> datetime:
    """The instant of an ISO 8601 text, in UTC; a text without a zone is UTC.

    Raises:
        StopError: it is no time, or not one of the years 2000 to 2099; the message names the `option` and
            shows `examples`.
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise StopError(f"{option} {text}: not a time; write {examples} (UTC)") from None
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    if not FIRST_TIME <= zoned < END_OF_TIME:
        raise StopError(f"{option} {text}: write a time of the years 2000 to 2099, such as {examples} (UTC)")
    return zoned.astimezone(UTC)


def parse_minute_or_clock(option: str, text: str, newest: datetime) -> datetime:
    """Like `parse_minute`; HH:MM is the last such time of day up to `newest`.

    Raises:
        StopError: it is neither.
    """
    clock = _TIME_OF_DAY.fullmatch(text.strip())
    examples = "2025-06-01T14:05 or 14:05"
    if clock is None:
        return parse_minute(option, text, examples)
    try:
        same_day = newest.astimezone(UTC).replace(
            hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0
        )
    except ValueError:
        raise StopError(f"{option} {text}: not a time; write {examples} (UTC)") from None
    return same_day if same_day <= newest else same_day - timedelta(days=1)
