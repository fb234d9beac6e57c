"""The simulated exchange as a server: it plays the market at the clock's speed and answers."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hydra.durations import SECOND_MS
from hydra.errors import HydraError, SettingsError, StopError
from hydra.exchange.hosts import VENUE_HEADER
from hydra.exchange.interface import Feed
from hydra.paths import state_directory
from hydra.sim.exchange.admin import Admin
from hydra.sim.exchange.channels import Channels
from hydra.sim.exchange.clock import MAXIMAL, SimulatedClock
from hydra.sim.exchange.faults import Fault
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.private.account_file import OwnAccount
from hydra.sim.exchange.private.journal import folder_of
from hydra.sim.exchange.private.kept_account import KeptAccount
from hydra.sim.exchange.private.order_counts import OrderCounts
from hydra.sim.exchange.private.private_rest import PrivateRest, ServedAccount
from hydra.sim.exchange.private.user_stream import UserStream
from hydra.sim.exchange.request_faults import RequestFaults
from hydra.sim.exchange.rest import Endpoints
from hydra.sim.exchange.sockets import Sockets, hang_up
from hydra.sim.exchange.sources import MarketSource
from hydra.sim.exchange.weights import WEIGHT_LIMIT, Weights

DEFAULT_PORT: Final = 8_778
_LOOPBACK: Final = "127.0.0.1"
_TURN_SECONDS: Final = 0.01
"""So long it sends before it answers requests."""
_SHORTEST_WAIT_SECONDS: Final = 0.001
_LONGEST_WAIT_SECONDS: Final = 0.02
_SETTLING_SECONDS: Final = 0.5
"""At the highest speed it waits so long after a subscription or a lost connection: others may follow."""


@dataclass(frozen=True)
class Serving:
    """How to serve. speed: exchange seconds a second, 0 for the highest. seed: of a generated market.

    began: since when the clock runs, by the clock of this machine; None: it begins when it can be heard.
    account: who may trade; None: nobody has a key.
    """

    speed: float
    seed: int | None
    faults: tuple[Fault, ...] = ()
    port: int = DEFAULT_PORT
    weight_limit: int = WEIGHT_LIMIT
    began: datetime | None = None
    account: OwnAccount | None = None


class Exchange:
    """One simulated exchange.

    Raises:
        StopError: an account cannot trade on this market, or another exchange serves it now; or `began` lies
            in the future, the clock has no speed, or an account says where to go on.
    """

    def __init__(self, source: MarketSource, serving: Serving) -> None:
        if serving.began is not None:
            _refuse_beginning(serving, serving.began)
        start_ms = int(source.start.timestamp() * 1_000)
        end_ms = int(source.end.timestamp() * 1_000) if source.end else None
        self.clock = SimulatedClock(start_ms, serving.speed, end_ms)
        self.faults = Faults(serving.faults, self.clock.now_ms)
        self.faults.hang_up = hang_up
        self.channels = Channels(tuple(pair.symbol for pair in source.pairs), self.faults)
        self.market = PlayedMarket(source, self.channels)
        self.app = web.Application(middlewares=[_for_market(source.venue)])
        weights = Weights(self.clock, serving.weight_limit)
        requests = RequestFaults(self.faults, self.clock.now_ms)
        self.account = self._account(serving.account) if serving.account else None
        Endpoints(self.market, self.clock, weights, requests).add_routes(self.app)
        PrivateRest(self.account, self.market, self.clock, weights, requests).add_routes(self.app)
        user_stream = self.account.user_stream if self.account else None
        Sockets(self.channels, self.clock, user_stream).add_routes(self.app)
        Admin(self.market, self.clock, self.channels, self.faults, serving.seed).add_routes(self.app)
        self._serving = serving
        self._player: asyncio.Future[None] | None = None
        self._heard_changes = (0, 0.0)

    def _account(self, own: OwnAccount) -> ServedAccount:
        source = self.market.source
        if Feed.TRADES not in source.feeds:
            raise SettingsError(
                "--account: this market has no trades and no order books, so no order could be filled; leave "
                "it out, or serve a generated market"
            )
        stream = UserStream(self.faults, self.clock)
        folder = folder_of(state_directory(), source.venue, own.name)
        kept = KeptAccount(own, folder, self.market, self.faults, stream.tell)
        return ServedAccount(own.keys, kept, stream, OrderCounts(self.clock))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Serve and play; gives the port. See `played`.

        Raises:
            StopError: the port is taken.
        """
        # The port is taken at once, but answers when there is something to say.
        listening = _bound(self._serving.port)
        await self.market.open()
        if self.account:
            await self.account.kept.go_on()
            self.clock.go_on_from(self.account.kept.last_ms)
        await self._catch_up()
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        if self._serving.began is None:
            # Time begins when it can be heard.
            self.clock.begin()
        self._player = asyncio.ensure_future(self.play())
        try:
            yield runner.addresses[0][1]
        finally:
            self._player.cancel()
            with suppress(asyncio.CancelledError, HydraError):
                await self._player
            await runner.cleanup()
            self._close_account()

    def _close_account(self) -> None:
        if self.account:
            self.account.kept.close()

    async def _catch_up(self) -> None:
        """Play what was since `began`, before anybody hears it."""
        if self._serving.began is None:
            return
        self.clock.begin((datetime.now(UTC) - self._serving.began).total_seconds())
        while self.market.sent_ms + SECOND_MS <= self.clock.now_ms():
            await self.market.send_second(self.market.sent_ms + SECOND_MS)

    async def played(self) -> None:
        """Wait until playing fails.

        Raises:
            HydraError: the source cannot be read.
        """
        if self._player is not None:
            await self._player

    async def play(self) -> None:
        """Send what is due, for ever."""
        while True:
            await asyncio.sleep(await self._send_due())

    async def _send_due(self) -> float:
        """Send for one turn; gives the seconds to wait before the next."""
        if self.clock.is_maximal and self._must_wait():
            self._write()
            return _SHORTEST_WAIT_SECONDS
        turn_ends = time.monotonic() + _TURN_SECONDS
        while time.monotonic() < turn_ends:
            following = self.market.sent_ms + SECOND_MS
            bound = self.clock.may_send_up_to()
            if bound is not None and following > bound:
                self._write()
                wait = self.clock.real_seconds(following - bound)
                return min(max(wait, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)
            await self.market.send_second(following)
            self.clock.sent_up_to(following)
            self.faults.send_due(self.clock.now_ms())
        self._write()
        return 0.0

    def _write(self) -> None:
        """Let the clients have what was sent."""
        self.faults.send_due(self.clock.now_ms())
        if self.account:
            self.account.user_stream.expire()
            self.account.kept.reach()
        self.channels.write()

    def _must_wait(self) -> bool:
        """Nobody listens, someone has just come or gone, or a reader is behind."""
        changes, since = self._heard_changes
        if changes != self.channels.changes:
            self._heard_changes = self.channels.changes, time.monotonic()
            return True
        if not self.channels.have_listeners or time.monotonic() - since < _SETTLING_SECONDS:
            return True
        return self.channels.any_full


def _for_market(venue: str) -> Middleware:
    """Refuses what is meant for another market, which was served here before."""

    @web.middleware
    async def refuse_others(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get(VENUE_HEADER, venue) != venue:
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, text=f"This is {venue}.")
        return await handler(request)

    return refuse_others


def _refuse_beginning(serving: Serving, began: datetime) -> None:
    if serving.account is not None:
        raise StopError("--began: an account goes on where it was; leave --began out, or --account")
    if serving.speed == MAXIMAL or began > datetime.now(UTC):
        raise StopError(
            f"--began {began:%Y-%m-%dT%H:%M:%S}: write a time that is past, and a --speed other than max"
        )


def _bound(port: int) -> socket.socket:
    """A socket at the port of this machine, which refuses connections until it listens.

    Raises:
        StopError: the port is taken, or not for this user.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_LOOPBACK, port))
    except OSError as error:
        bound.close()
        raise StopError(
            f"the exchange cannot listen on {_LOOPBACK}:{port} ({error.strerror}): choose another --port"
        ) from None
    return bound
