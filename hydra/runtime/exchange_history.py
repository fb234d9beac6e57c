"""The history that layer 2 needs before the first minute of an exchange."""

from collections.abc import Callable, Sequence
from typing import Final

from hydra.ingest.exchange_history import fetch_history
from hydra.settings import Settings

HISTORY_DAYS: Final = 32
"""The longest window of a feature is 30 days."""


def ensure_history(
    settings: Settings, name: str, pairs: Sequence[str], progress: Callable[[float], None]
) -> None:
    """Fetch what is not stored yet of the days before now, of `pairs` (base names) of the exchange `name`.

    progress: called with the share that is done, 0..1.

    Raises:
        StopError: a pair is not traded there, or a person has to act.
        RetryError: the exchange cannot be reached now.
        DatabaseError, psycopg.Error: the database server cannot be used.
    """
    fetch_history(settings, name, pairs, HISTORY_DAYS, lambda share, _rows: progress(share))
