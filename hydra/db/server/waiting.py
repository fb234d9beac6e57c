"""Waiting without a limit, and saying what for: a recovery may take many minutes, and ends."""

import time
from collections.abc import Callable
from typing import Final

TELL_EVERY_S: Final = 5.0
POLL_S: Final = 0.05

# Gets one sentence for the person who waits.
Tell = Callable[[str], None]
# Returns when its argument says that the wait is over.
Wait = Callable[[Callable[[], bool]], None]


def tell_nobody(_sentence: str) -> None:
    """For callers that have no person to tell."""


def wait_until(is_over: Callable[[], bool], tell: Tell = tell_nobody, words: Callable[[], str] = str) -> None:
    """Return when `is_over()`; every TELL_EVERY_S `tell` what `words()` says."""
    told = time.monotonic()
    while not is_over():
        if time.monotonic() - told >= TELL_EVERY_S:
            tell(words())
            told = time.monotonic()
        time.sleep(POLL_S)
