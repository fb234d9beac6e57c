"""The history that layer 2 needs before the first minute of an exchange."""

from collections.abc import Callable, Sequence

from hydra.settings import Settings


def ensure_history(settings: Settings, name: str, pairs: Sequence[str], tell: Callable[[str], None]) -> None:
    """Fetch what is not stored yet of the days before now, of `pairs` (base names) of the exchange `name`."""
