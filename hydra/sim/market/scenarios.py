"""The planted events of a simulated day.

An event acts on the participants or the feeds (a crowd builds up, a seller pushes, a feed is down); the model
does the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from hydra.arrays import Flags, Floats
from hydra.sim.market.random_numbers import uniform
from hydra.sim.market.settings import MarketSettings, Scenario

_DAY: Final = 1440
_SETTLEMENT_MINUTES: Final = 480
# A crowd begins this long before a settlement, to change its averaged premium.
_CROWD_LEAD_MINUTES: Final = 540
_PLAN_STREAM: Final = 90
# Part of a push on the first pair that also acts on the others.
_CONTAGION: Final = 0.4


class PlantedEventKind(StrEnum):
    """The kind of a planted event; see `Event.level`."""

    CROWD = "crowd"
    RUSH = "rush"
    PUSH = "push"
    BURST = "burst"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Event:
    """One planted event of one pair, from minute `first` (since 1970 UTC) to before minute `beyond`.

    level: CROWD: the target of the imbalance (longs - shorts)/(longs + shorts). RUSH: contracts opened with
    high leverage per minute, as a share of the open interest, negative for shorts. PUSH: flow of market
    orders per minute, in log price at usual depth. BURST: factor of the volatility. OUTAGE: unused.
    """

    scenario: Scenario
    kind: PlantedEventKind
    pair: int
    first: int
    beyond: int
    level: float = 0.0


class Drives(NamedTuple):
    """The events of a stretch as inputs of the compiled loop, (minutes, pairs)."""

    crowd: Floats
    rush: Floats
    push: Floats
    volatility: Floats


def planned_events(settings: MarketSettings, day: int) -> list[Event]:
    """The events of a simulated day (0 begins at the start), in the order of their first minute."""
    begin = settings.start_minute + day * _DAY
    events = [event for scenario in settings.scenarios for event in _PLANS[scenario](settings, begin)]
    return sorted(events, key=lambda event: (event.first, event.pair, event.kind))


def events_between(settings: MarketSettings, first: int, beyond: int) -> list[Event]:
    """The events that overlap the minutes first <= m < beyond; none is before the start."""
    last_day = (beyond - 1 - settings.start_minute) // _DAY
    first_day = max(0, (first - settings.start_minute) // _DAY - 1)
    plans = (planned_events(settings, day) for day in range(first_day, last_day + 1))
    return [event for plan in plans for event in plan if event.first < beyond and first < event.beyond]


def drives_between(settings: MarketSettings, first: int, beyond: int) -> Drives:
    """The events of minutes first <= m < beyond as arrays."""
    shape = (beyond - first, settings.pairs)
    quiet = 0.5 if Scenario.QUIET in settings.scenarios and first >= settings.start_minute else 1.0
    drives = Drives(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.full(shape, quiet))
    for event in events_between(settings, first, beyond):
        rows = slice(max(event.first - first, 0), event.beyond - first)
        if event.kind is PlantedEventKind.BURST:
            drives.volatility[rows, event.pair] *= event.level
        elif event.kind is not PlantedEventKind.OUTAGE:
            _target(drives, event.kind)[rows, event.pair] += event.level
    return drives


def _target(drives: Drives, kind: PlantedEventKind) -> Floats:
    return {
        PlantedEventKind.CROWD: drives.crowd,
        PlantedEventKind.RUSH: drives.rush,
        PlantedEventKind.PUSH: drives.push,
    }[kind]


def silent_minutes(settings: MarketSettings, first: int, beyond: int) -> Flags:
    """(minutes, pairs): True where the feeds of the pair are down."""
    silent = np.zeros((beyond - first, settings.pairs), dtype=np.bool_)
    for event in events_between(settings, first, beyond):
        if event.kind is PlantedEventKind.OUTAGE:
            silent[max(event.first - first, 0) : event.beyond - first, event.pair] = True
    return silent


def _drawn(settings: MarketSettings, begin: int, number: int) -> float:
    return uniform(settings.seed, _PLAN_STREAM, number, begin)


def _minute(settings: MarketSettings, begin: int, number: int, earliest: int, latest: int) -> int:
    return begin + earliest + int(_drawn(settings, begin, number) * (latest - earliest))


def _sign(settings: MarketSettings, begin: int, number: int) -> float:
    return 1.0 if _drawn(settings, begin, number) < 0.6 else -1.0  # noqa: PLR2004


def _settlement(begin: int) -> int:
    """The first settlement at least seven hours after `begin`, so that a crowd can build up."""
    return -(-(begin + 420) // _SETTLEMENT_MINUTES) * _SETTLEMENT_MINUTES


def _crowd(scenario: Scenario, pair: int, begin: int, level: float, hours_after: float) -> Event:
    settlement = _settlement(begin)
    first = max(begin, settlement - _CROWD_LEAD_MINUTES)
    return Event(scenario, PlantedEventKind.CROWD, pair, first, settlement + int(hours_after * 60), level)


def _cascade(
    settings: MarketSettings, scenario: Scenario, pair: int, minute: int, size: float
) -> list[Event]:
    """A rush with high leverage, then a push against it: by a seller if size > 0, by a buyer if < 0."""
    side, strength = (1.0 if size > 0 else -1.0), abs(size)
    events = [
        Event(scenario, PlantedEventKind.RUSH, pair, minute - 90, minute, side * 0.0013 * strength),
        Event(scenario, PlantedEventKind.PUSH, pair, minute, minute + 6, -side * 0.006 * strength),
    ]
    if pair == 0:
        felt = -side * 0.006 * strength * _CONTAGION
        events += [
            Event(scenario, PlantedEventKind.PUSH, other, minute, minute + 6, felt)
            for other in range(1, settings.pairs)
        ]
    return events


def _day(settings: MarketSettings, begin: int) -> Iterator[Event]:
    """The default mix: see the table of docs/market_model.md."""
    order = sorted(range(settings.pairs), key=lambda pair: _drawn(settings, begin, 100 + pair))
    role = [order[place % len(order)] for place in range(6)]
    yield _crowd(Scenario.DAY, role[0], begin, 0.185 * _sign(settings, begin, 1), 3)
    yield _crowd(Scenario.DAY, role[1], begin, 0.15 * _sign(settings, begin, 2), 12)
    # Late, because it latches the kill switch, which ends the day's trading.
    cascade = _minute(settings, begin, 3, 1200, 1290)
    yield from _cascade(settings, Scenario.DAY, role[2], cascade, _sign(settings, begin, 4))
    squeeze = _minute(settings, begin, 5, 240, 600)
    yield from _cascade(settings, Scenario.DAY, role[3], squeeze, 0.4 * _sign(settings, begin, 6))
    burst = _minute(settings, begin, 7, 300, 1300)
    yield Event(Scenario.DAY, PlantedEventKind.BURST, role[4], burst, burst + 60, 3.0)
    outage = _minute(settings, begin, 8, 120, 1400)
    yield Event(Scenario.DAY, PlantedEventKind.OUTAGE, role[5], outage, outage + 8)


def _nothing(_settings: MarketSettings, _begin: int) -> Iterator[Event]:
    yield from ()


def _planned_cascade(settings: MarketSettings, begin: int) -> Iterator[Event]:
    yield from _cascade(settings, Scenario.CASCADE, 0, begin + 180, 1.0)


def _spike(settings: MarketSettings, begin: int) -> Iterator[Event]:
    yield _crowd(Scenario.FUNDING_SPIKE, 1 % settings.pairs, begin, 0.22, 4)


def _extreme(settings: MarketSettings, begin: int) -> Iterator[Event]:
    yield _crowd(Scenario.FUNDING_EXTREME, 2 % settings.pairs, begin, 0.42, 4)


def _outage(settings: MarketSettings, begin: int) -> Iterator[Event]:
    yield Event(Scenario.OUTAGE, PlantedEventKind.OUTAGE, 3 % settings.pairs, begin + 120, begin + 130)


_PLANS: Final[dict[Scenario, Callable[[MarketSettings, int], Iterator[Event]]]] = {
    Scenario.DAY: _day,
    Scenario.CALM: _nothing,
    Scenario.QUIET: _nothing,
    Scenario.CASCADE: _planned_cascade,
    Scenario.FUNDING_SPIKE: _spike,
    Scenario.FUNDING_EXTREME: _extreme,
    Scenario.OUTAGE: _outage,
}
