"""The markets that the simulated exchange can serve: generated, or recorded (`recorded.py`).

A source gives stretches of facts with the columns of the fact tables; instrument_id is the place in `pairs`,
counted from 1.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

import polars as pl

from hydra.arrays import Flags
from hydra.exchange.instruments import InstrumentTerms, LeverageBracket, OrderFilters, load_instrument_terms
from hydra.exchange.interface import Feed
from hydra.sim.market.frames import MarketSlice
from hydra.sim.market.market import Market
from hydra.sim.market.roster import SimulatedPair, roster
from hydra.sim.market.scenarios import silent_minutes
from hydra.sim.market.settings import MarketSettings, Scenario

HISTORY_DAYS: Final = 32
"""History before the start: a feature's longest window is 30 days."""
VENUE_PREFIX: Final = "simulated-exchange"


@dataclass(frozen=True, slots=True)
class ListedPair:
    """A perpetual as the exchange lists it."""

    symbol: str
    base: str
    filters: OrderFilters
    brackets: tuple[LeverageBracket, ...]

    @property
    def price_digits(self) -> int:
        """Decimals of a price."""
        return digits_of(self.filters.tick_size)

    @property
    def quantity_digits(self) -> int:
        """Decimals of a quantity."""
        return digits_of(self.filters.step_size)


def digits_of(grid: Decimal) -> int:
    """Decimals that a multiple of `grid` needs."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


class MarketSource(Protocol):
    """A market in the order of time. feeds: what it streams. `end`: None if it goes on for ever."""

    venue: str
    feeds: frozenset[Feed]
    pairs: tuple[ListedPair, ...]
    start: datetime
    end: datetime | None

    def history(self) -> MarketSlice:
        """What was before `start`."""

    def advance(self, minutes: int) -> MarketSlice:
        """The next minutes from `start` on."""

    def silent(self, first_minute: int, minutes: int) -> Flags:
        """(minutes, pairs): True where nothing is sent; minutes since 1970."""


@dataclass(frozen=True, slots=True)
class GeneratedMarket:
    """What to generate: `count` pairs, planted from `start` on, of which `names` are served (or all)."""

    seed: int
    start: datetime
    end: datetime | None
    scenarios: tuple[Scenario, ...] = (Scenario.DAY,)
    count: int = 8
    names: tuple[str, ...] = ()
    history_days: int = HISTORY_DAYS


class GeneratedSource:
    """The generated market, with every trade and with the books of every 5 s."""

    def __init__(self, asked: GeneratedMarket) -> None:
        self.feeds = frozenset(Feed)
        self.start, self.end = asked.start, asked.end
        self._settings = MarketSettings(
            seed=asked.seed,
            start=asked.start,
            pairs=asked.count,
            scenarios=asked.scenarios,
            warm_up_days=asked.history_days,
            with_trades=True,
            with_open_interest_polls=True,
            heartbeat_interval_seconds=0,
        )
        self.venue = venue_of(str(asked.seed), repr(asdict(replace(asked, end=None, names=()))))
        every = [_listed(pair) for pair in roster(asked.count)]
        self._places = [
            place for place, pair in enumerate(every, start=1) if not asked.names or pair.base in asked.names
        ]
        self.pairs = tuple(every[place - 1] for place in self._places)
        # What a silent feed does not tell, the exchange still has.
        self._market = Market(self._settings, with_outages=False, played=max(self._places))

    def history(self) -> MarketSlice:
        """See `MarketSource`."""
        return self._chosen(self._market.advance(self._settings.warm_up_days * 1_440))

    def advance(self, minutes: int) -> MarketSlice:
        """See `MarketSource`."""
        return self._chosen(self._market.advance(minutes))

    def silent(self, first_minute: int, minutes: int) -> Flags:
        """See `MarketSource`: the planted outages."""
        silent = silent_minutes(self._settings, first_minute, first_minute + minutes)
        chosen: Flags = silent[:, [place - 1 for place in self._places]]
        return chosen

    def _chosen(self, whole: MarketSlice) -> MarketSlice:
        """The facts of the pairs served, numbered anew."""
        if len(self._places) == self._settings.pairs:
            return whole
        number = {place: own for own, place in enumerate(self._places, start=1)}
        instrument = pl.col("instrument_id")
        frames = {
            name: frame.filter(instrument.is_in(list(number))).with_columns(
                instrument.replace_strict(number, return_dtype=pl.Int16)
            )
            for name, frame in vars(whole).items()
        }
        return MarketSlice(**frames)


def venue_of(name: str, content: str) -> str:
    """The venue of a market: readable, and different for every other `content` (C124)."""
    return f"{VENUE_PREFIX}-{name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def listed_pair(terms: InstrumentTerms) -> ListedPair:
    """A pair of the universe."""
    return ListedPair(terms.pair.exchange_symbol, terms.pair.base, terms.filters, terms.brackets)


def _listed(pair: SimulatedPair) -> ListedPair:
    """The filters of the universe; an invented pair has those of its last pair, on its own grids."""
    known = {terms.pair.exchange_symbol: terms for terms in load_instrument_terms()}
    terms = known.get(pair.exchange_symbol)
    if terms is not None:
        return listed_pair(terms)
    last = list(known.values())[-1]
    step = 1 / Decimal(round(pair.steps_per_unit))
    filters = replace(
        last.filters, tick_size=1 / Decimal(round(pair.ticks_per_unit)), step_size=step, min_quantity=step
    )
    return ListedPair(pair.exchange_symbol, pair.base, filters, last.brackets)
