"""Lengths of time, and the epoch, in the units that the code uses.

Python times are `timedelta`, columns of instants are microseconds since 1970 UTC, exchanges count in
milliseconds, statistics are in seconds.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MICROSECOND: Final = timedelta(microseconds=1)
MINUTE: Final = timedelta(minutes=1)
FIVE_MINUTES: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
FIVE_MINUTES_US: Final = 5 * MINUTE_US
HOUR_US: Final = 60 * MINUTE_US

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
FIVE_MINUTES_MS: Final = 5 * MINUTE_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400

HOUR_MINUTES: Final = 60
DAY_MINUTES: Final = 1_440
