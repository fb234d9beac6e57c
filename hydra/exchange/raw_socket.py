"""Connections that give their frames as they came: ccxt.pro's WebSocket client without its decoding.

ccxt drops fields and one of two liquidations of one instant, so HYDRA's parsers read the frames themselves.
These internals of ccxt are relied upon: `Client.open`, `close` and `send`; `handle_text_or_binary_message`
gets every data frame; a future of `Client.future` fails when the connection does; `lastPong` is its sign of
life.
Source: docs/exchange.md, "Streams".
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ccxt.async_support.base.ws.client import Client
from ccxt.base.errors import BaseError

from hydra.errors import BadDataError, RetryError, StopError
from hydra.exchange.interface import OVERLAP_S, Frame, OnFrame
from hydra.exchange.messages import Message, SubscriptionAnswer
from hydra.exchange.metered import CONNECTIONS, Metered
from hydra.exchange.refusals import error_of, refusing_answer

Parse = Callable[[Frame], Message | None]

SIGN_OF_LIFE_MS: Final = 4_000
"""A ping goes out this often; a connection without a frame or a pong for twice as long is dead."""

ANSWER_WITHIN_S: Final = 10.0
_BETWEEN_REQUESTS_S: Final = 0.2  # of 10 messages a second that the strictest exchange takes
_CLOSING_S: Final = 2.0
_ASKED_EVERY_S: Final = 0.25
EARLY_S: Final = (300.0, 1_800.0)
"""How long before its end a connection is renewed, at random, so that not all are at one time."""

_DEFLATE_WINDOW: Final = 15


@dataclass(frozen=True, slots=True)
class Subscription:
    """One socket: its URL and the requests to send, numbered from 1. ping: its text, where it is no frame."""

    url: str
    requests: tuple[str, ...]
    ping: str | None = None


class RawSocket(Client):  # type: ignore[misc]  # ccxt tells no types
    """A WebSocket that hands out each data frame, undecoded."""

    def __init__(
        self, subscription: Subscription, headers: Mapping[str, str], on_frame: Callable[[Frame], None]
    ) -> None:
        """headers: of the handshake."""
        ping = subscription.ping
        settings: dict[str, Any] = {
            "asyncio_loop": asyncio.get_running_loop(),
            "keepAlive": SIGN_OF_LIFE_MS,
            "maxPingPongMisses": 2,
            "headers": headers,
            "ping": (lambda _client: ping) if ping else None,
            # On loopback compression costs more than it saves.
            "compress": 0 if subscription.url.startswith("ws://") else _DEFLATE_WINDOW,
        }
        super().__init__(subscription.url, _ignore, _ignore, _ignore, _ignore, settings)
        self._on_frame = on_frame
        self.ended = self.future("ended")

    def handle_text_or_binary_message(self, data: str | bytes) -> None:
        """Hand out a data frame; every one is a sign of life."""
        self.lastPong = self.last_message_at
        try:
            self._on_frame(data.encode() if isinstance(data, str) else data)
        except BaseException as error:
            self.reject(error)
            raise

    async def shut(self) -> None:
        """Close, whether or not the other side answers."""
        if not self.ended.done():
            self.ended.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.close(), _CLOSING_S)


def _ignore(*_anything: object) -> None:
    """What ccxt would do with its own messages and states."""


class Streams:
    """All connections of one exchange: `hold` keeps one, with one or more sockets, and `close` ends all."""

    def __init__(
        self, client: Metered, parse: Parse, life_hours: float, now: Callable[[], Awaitable[datetime]]
    ) -> None:
        self._client = client
        self._now = now
        self._host = client.hosts.name
        self._parse = parse
        self._life_s = life_hours * 3600
        self._renewed: set[asyncio.Task[None]] = set()

    async def hold(self, name: str, subscriptions: Sequence[Subscription], on_frame: OnFrame) -> None:
        """Open `subscriptions` and read them until one is lost; see `MarketData.listen`."""
        sockets: list[RawSocket] = []
        early_s = random.uniform(*EARLY_S)  # noqa: S311  # nothing secret
        try:
            for subscription in subscriptions:
                await self._open(subscription, sockets, lambda frame: on_frame(name, frame))
            await self._until_old(sockets, self._life_s - early_s)
            self._read_on(sockets)
            sockets = []
        finally:
            await asyncio.gather(*(socket.shut() for socket in sockets))

    async def _open(
        self,
        subscription: Subscription,
        sockets: list[RawSocket],
        on_frame: Callable[[Frame], None],
    ) -> None:
        waiting = Requests(self._host, self._parse, len(subscription.requests), on_frame)
        socket = RawSocket(subscription, self._client.headers, waiting.on_frame)
        sockets.append(socket)
        await self._client.budget.take(CONNECTIONS)
        await socket.open(self._client.opened_session())
        if socket.ended.done():
            await self._until_lost([socket])
        with contextlib.suppress(ConnectionError):
            for request in subscription.requests:
                await socket.send(request)
                await asyncio.sleep(_BETWEEN_REQUESTS_S)
        lost = asyncio.ensure_future(self._until_lost([socket]))
        try:
            done, _ = await asyncio.wait(
                {waiting.answered, lost}, timeout=ANSWER_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise RetryError(
                    f"{self._host} did not confirm the streams within {ANSWER_WITHIN_S:.0f} s: try again"
                )
            for one in done:
                one.result()
        finally:
            lost.cancel()

    async def _until_lost(self, sockets: Sequence[RawSocket]) -> None:
        """Return never.

        Raises:
            RetryError, StopError: a socket was lost or refused.
        """
        done, _ = await asyncio.wait(
            [socket.ended for socket in sockets], return_when=asyncio.FIRST_COMPLETED
        )
        for one in done:
            try:
                one.result()
            except BaseError as error:
                answer = refusing_answer(error)
                if answer:
                    self._client.obey(answer)
                raise error_of(self._host, error) from None

    async def _until_old(self, sockets: Sequence[RawSocket], age_s: float) -> None:
        """Return when the sockets are of this age, by the exchange's clock."""
        speed = self._client.budget.speed
        if speed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._until_lost(sockets), age_s / speed)
            return
        # Its time runs as it likes: it has to be asked.
        renewed_at: datetime | None = None
        while True:
            # A socket is not lost because the time was not told.
            with contextlib.suppress(RetryError):
                now = await self._now()
                renewed_at = renewed_at or now + timedelta(seconds=age_s)
                if now >= renewed_at:
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._until_lost(sockets), _ASKED_EVERY_S)

    def _read_on(self, sockets: Sequence[RawSocket]) -> None:
        task = asyncio.ensure_future(_shut_later(sockets))
        self._renewed.add(task)
        task.add_done_callback(self._renewed.discard)

    async def close(self) -> None:
        """Close the connections that are read on; the others end with their `hold`."""
        renewed = list(self._renewed)
        for task in renewed:
            task.cancel()
        await asyncio.gather(*renewed, return_exceptions=True)


async def _shut_later(sockets: Sequence[RawSocket]) -> None:
    try:
        await asyncio.wait([socket.ended for socket in sockets], timeout=OVERLAP_S)
    finally:
        await asyncio.gather(*(socket.shut() for socket in sockets))


class Requests:
    """Waits for the answers to the numbered requests of one socket, then lets every frame through at once."""

    def __init__(self, host: str, parse: Parse, count: int, on_frame: Callable[[Frame], None]) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_frame = self._first_frames
        self._host = host
        self._parse = parse
        self._unanswered = set(range(1, count + 1))
        self._to = on_frame

    def _first_frames(self, frame: Frame) -> None:
        if self._unanswered:
            self._look_for_answer(frame)
        self._to(frame)

    def _look_for_answer(self, frame: Frame) -> None:
        try:
            message = self._parse(frame)
        except BadDataError:
            return
        if not isinstance(message, SubscriptionAnswer):
            return
        self._unanswered.discard(message.request_id)
        if self.answered.done():
            return
        if message.error is not None:
            self.answered.set_exception(StopError(f"{self._host} refuses the streams: {message.error}"))
        elif not self._unanswered:
            self.answered.set_result(None)
