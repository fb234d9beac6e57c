"""The connections to an exchange, one a route: opened, replaced before their life ends, opened again.

A connection that is replaced is read on beside its successor, and what both bring is taken once. So only the
loss of the last one of a route is an interruption.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from hydra.errors import HydraError, OtherMarketError, RetryError, StopError
from hydra.exchange.interface import OVERLAP_S, Feed, Frame, MarketData

ROUTES: Final[dict[str, tuple[Feed, ...]]] = {
    "books": (Feed.ORDER_BOOKS,),
    "market": (Feed.TRADES, Feed.CANDLES, Feed.LIQUIDATIONS, Feed.PREMIUM_INDEX),
}
"""The feeds of each connection. Books are most of the messages and have a route of their own."""

ALIVE_US: Final = 10_000_000
ALIVE_S: Final = 3.0
_FIRST_WAIT_S: Final = 0.25
_LONGEST_WAIT_S: Final = 30.0
_STEADY_S: Final = 30.0
_REPLACED_AFTER_S: Final = 10.0
_READ_ON_S: Final = 5.0
_FLOWING_S: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Route:
    """One route. is_open: a connection has brought a frame; detail: why it is down, in words.

    heard_us, heard_at: exchange time and own time of its newest frame. next_beat_us: when its next heartbeat
    is due. connection: the newest one's name. older: those that are read until the newest brings a frame.
    read_on_until: so long one is read whose life has ended (time of the loop); 0: the newest has brought one.
    """

    name: str
    feeds: tuple[Feed, ...]
    heard_us: int = 0
    heard_at: float = 0.0
    next_beat_us: int = 0
    is_open: bool = False
    detail: str | None = None
    connection: str = ""
    read_on_until: float = 0.0
    older: list[asyncio.Future[None]] = field(default_factory=list)
    replace: asyncio.Event = field(default_factory=asyncio.Event)
    replaced_at: float = float("-inf")

    def heard(self, known_us: int) -> None:
        """A frame came that is known from `known_us` on."""
        self.heard_us, self.heard_at = known_us, time.monotonic()

    def is_read_on(self, now: float) -> bool:
        """Whether an older connection may still bring frames; now: time of the loop."""
        return now < self.read_on_until or any(not one.done() for one in self.older)

    def is_silent(self, now_us: int) -> bool:
        """Whether nothing comes, by the exchange's clock and by this machine's."""
        is_late = now_us - self.heard_us > ALIVE_US
        return is_late and time.monotonic() - self.heard_at > ALIVE_S


class Connections:
    """Holds the connections of `symbols` until it is cancelled.

    on_frame: gets the route and each frame. on_open: a route brings frames again. on_lost: it brings none.
    before_opening: awaited before each connection; may refuse what answers now.
    """

    def __init__(
        self,
        data: MarketData,
        symbols: Sequence[str],
        on_frame: Callable[[Route, Frame], None],
        on_open: Callable[[Route], None],
        on_lost: Callable[[Route], None],
        before_opening: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        offered = data.capabilities.streams
        named = ((name, tuple(feed for feed in feeds if feed in offered)) for name, feeds in ROUTES.items())
        self.routes = [Route(name, feeds) for name, feeds in named if feeds]
        self._data = data
        self._symbols = symbols
        self._on_frame = on_frame
        self._on_open = on_open
        self._on_lost = on_lost
        self._before_opening = before_opening
        self._opened = 0
        self._replaced: set[asyncio.Future[None]] = set()

    def route_of(self, feed: Feed) -> Route | None:
        """The route that brings `feed`; None: the exchange does not stream it."""
        return next((route for route in self.routes if feed in route.feeds), None)

    def replace(self, feed: Feed) -> None:
        """Open the route of `feed` anew: it brings nothing. Not more often than every ten seconds."""
        route, now = self.route_of(feed), asyncio.get_running_loop().time()
        if route is not None and now - route.replaced_at >= _REPLACED_AFTER_S:
            route.replaced_at = now
            route.replace.set()

    def lose(self, route: Route) -> None:
        """`route` brings nothing, whether or not it is open."""
        if route.is_open:
            route.is_open = False
            self._on_lost(route)

    async def hold(self) -> None:
        """Keep every route open.

        Raises:
            StopError: the exchange refuses one that has never been heard, or is not the one that was heard.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for route in self.routes:
                    group.create_task(self._hold_route(route))
        finally:
            await _cancelled([*self._replaced, *(one for route in self.routes for one in route.older)])

    async def _hold_route(self, route: Route) -> None:
        wait_s = _FIRST_WAIT_S
        loop = asyncio.get_running_loop()
        while True:
            started, was_heard = loop.time(), route.heard_at > 0
            try:
                if self._before_opening is not None:
                    await self._before_opening()
                await self._one_connection(route)
                continue
            except OtherMarketError:
                raise
            except (RetryError, StopError) as error:
                # What has been heard before will be again: a firewall or a maintenance page answered.
                if isinstance(error, StopError) and not was_heard:
                    raise
                route.detail = str(error)
                log.warning("%s: %s", route.name, error)
            if not route.is_read_on(loop.time()):
                self.lose(route)
            wait_s = _FIRST_WAIT_S if loop.time() - started > _STEADY_S else min(2 * wait_s, _LONGEST_WAIT_S)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # nothing secret

    async def _one_connection(self, route: Route) -> None:
        """One connection, until its life ends, it is lost, or it is to be replaced."""
        self._opened += 1
        route.connection = f"{route.name}-{self._opened}"
        route.replace.clear()
        listening = asyncio.ensure_future(
            self._data.listen(route.connection, route.feeds, self._symbols, partial(self._hear, route))
        )
        replacing = asyncio.ensure_future(route.replace.wait())
        try:
            await asyncio.wait({listening, replacing}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _cancelled([listening])
            raise
        finally:
            replacing.cancel()
        if listening.done():
            listening.result()
            route.read_on_until = asyncio.get_running_loop().time() + OVERLAP_S
        else:
            log.warning("%s: connected, but something does not come: it is opened again", route.name)
            route.older.append(listening)

    def _hear(self, route: Route, name: str, frame: Frame) -> None:
        if (route.older or route.read_on_until) and name == route.connection:
            self._take_over(route)
        if not route.is_open:
            route.is_open, route.detail = True, None
            self._on_open(route)
        self._on_frame(route, frame)

    def _take_over(self, route: Route) -> None:
        """The newest connection of `route` brings frames: the older ones are read some seconds more."""
        if time.monotonic() - route.heard_at > _FLOWING_S:
            # They had ended before.
            self.lose(route)
        for listening in route.older:
            ending = asyncio.ensure_future(_end_later(listening))
            self._replaced.add(ending)
            ending.add_done_callback(self._replaced.discard)
        route.older.clear()
        route.read_on_until = 0.0


async def _end_later(listening: asyncio.Future[None]) -> None:
    try:
        await asyncio.wait({listening}, timeout=_READ_ON_S)
    finally:
        await _cancelled([listening])


async def _cancelled(tasks: Iterable[asyncio.Future[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def reason_of(error: BaseException) -> HydraError:
    """The error of ours in a group of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HydraError):
        return error
    raise error
