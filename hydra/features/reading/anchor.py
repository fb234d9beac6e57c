"""Where the facts behind a decision begin.

Source: docs/features.md, "Acceptance"; docs/architecture.md, law 3; C116.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from hydra.errors import StopError
from hydra.features.fact_source import FactSource
from hydra.features.facts import LAYER_SOURCES


def anchor(instant: datetime, sources: Mapping[str, FactSource] = LAYER_SOURCES) -> dict[str, datetime]:
    """For every one of `sources` the earliest time that a decision at `instant` reads, in UTC.

    Raises:
        StopError: `instant` has no time zone.
    """
    if instant.tzinfo is None:
        raise StopError(f"the decision instant {instant} has no time zone; give it in UTC")
    return {name: source.warm_up.anchor(instant.astimezone(UTC)) for name, source in sources.items()}
