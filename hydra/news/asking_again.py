"""When a source of headlines is asked again: its interval, doubled by each failure, or the rest it asks for.

Source: docs/news.md, "Sources".
"""

from datetime import datetime, timedelta
from typing import Final

LONGEST_WAIT: Final = timedelta(hours=6)
LONGEST_WAIT_ASKED_FOR: Final = timedelta(hours=24)
_MOST_DOUBLINGS: Final = 12


def after_success(now: datetime, every: timedelta) -> datetime:
    """The next attempt after an answer, changed or not."""
    return now + every


def after_failure(
    now: datetime, every: timedelta, failures: int, *, is_lasting: bool, retry_after_s: float | None
) -> datetime:
    """The next attempt after the failure number `failures` in a row.

    Formula: min(every x 2^failures, 6 h), at least every; a lasting refusal 6 h; Retry-After if it is longer,
    to 24 h
    """
    doubled = every * 2 ** min(failures, _MOST_DOUBLINGS)
    wait = max(LONGEST_WAIT if is_lasting else min(doubled, LONGEST_WAIT), every)
    if retry_after_s is not None:
        asked_s = min(retry_after_s, LONGEST_WAIT_ASKED_FOR.total_seconds())
        wait = max(wait, timedelta(seconds=asked_s))
    return now + wait
