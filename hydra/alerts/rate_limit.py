"""How many messages a channel may be given: so many of a kind, so many in sum. A pure rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hydra.alerts.message import Phase, Severity, Told


@dataclass(frozen=True)
class RateLimit:
    """Messages in `window_s`: `of_kind` of each kind, `in_sum` of all.

    What is critical waits for its own kind only, so that a flood of warnings holds no kill switch back.
    """

    window_s: float = 900.0
    of_kind: int = 5
    in_sum: int = 20


@dataclass(frozen=True)
class Choice:
    """What goes out now (None: nothing may), how much else waits, and what of it is over: only counted."""

    told: Told | None = None
    held_back: int = 0
    counted: list[Told] = field(default_factory=list)


def choose(due: Sequence[Told], lately: Mapping[str, int], limit: RateLimit) -> Choice:
    """The first of `due` that may go out. lately: messages of the window by kind."""
    for told in due:
        if _may_go(told, lately, limit):
            after = {**lately, told.kind: lately.get(told.kind, 0) + 1}
            held = [one for one in due if one is not told and not _may_go(one, after, limit)]
            return Choice(told, len(held), [one for one in held if one.phase is Phase.PASSED])
    return Choice()


def _may_go(told: Told, lately: Mapping[str, int], limit: RateLimit) -> bool:
    if lately.get(told.kind, 0) >= limit.of_kind:
        return False
    return told.severity == Severity.CRITICAL or sum(lately.values()) < limit.in_sum
