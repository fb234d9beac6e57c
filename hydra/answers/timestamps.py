"""Instants as people write them: ISO 8601, or only the time of day."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from hydra.errors import StopError

_TIME_OF_DAY: Final = re.compile(r"(\d{1,2}):(\d{2})")


def parse_moment(text: str, newest: datetime) -> datetime:
    """The minute that `text` names, in UTC.

    text: ISO 8601 (without a zone: UTC), or HH:MM, which is the last such time up to `newest`.

    Raises:
        StopError: it is neither.
    """
    clock = _TIME_OF_DAY.fullmatch(text.strip())
    if clock is not None:
        return _last_time_of_day(int(clock[1]), int(clock[2]), newest, text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _not_an_instant(text) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).replace(second=0, microsecond=0)


def _last_time_of_day(hour: int, minute: int, newest: datetime, text: str) -> datetime:
    try:
        same_day = newest.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise _not_an_instant(text) from None
    return same_day if same_day <= newest else same_day - timedelta(days=1)


def _not_an_instant(text: str) -> StopError:
    return StopError(f"--at {text}: not an instant; write 2025-06-01T14:05 or 14:05 (UTC)")
