"""The user stream of a Binance account: a listen key that is kept alive, and one socket.

A wrong key, or a name of an event that there is not, is connected and silent; a stream that was silent for
minutes looks like a quiet account. So nothing is concluded from being connected: REST is compared with.
Source: docs/exchange.md, "The account".
"""

import asyncio
import json
from datetime import datetime
from typing import Any, Final

from hydra.durations import SECOND_US
from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.account import OnEvent, StreamBegan, StreamEnded
from hydra.exchange.binance import parsers, user_events
from hydra.exchange.binance.calls import Calls
from hydra.exchange.raw_socket import Streams, Subscription
from hydra.exchange.wire_numbers import instant_of

RENEWED_EVERY_S: Final = 20 * 60.0
"""Exchange seconds; the key lives for three times as long."""

_SELDOM_S: Final = 60.0
_OFTEN_S: Final = 0.25
"""Between two looks at the exchange's time, which a simulated one may hold or let run as it likes."""

_TRIED_AGAIN_S: Final = 5.0

_NAME: Final = "user"
_REQUEST: Final = json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 1})
"""Its answer is the first frame."""


class UserStream:
    """Holds the user stream of one account."""

    def __init__(self, calls: Calls, connection_life_hours: float) -> None:
        self._calls = calls
        self._streams = Streams(calls.client, parsers.parse, connection_life_hours, self._now)

    async def _now(self) -> datetime:
        return instant_of((await self._calls.server_clock()).time_us)

    async def hold(self, on_event: OnEvent) -> None:
        """See `TradingAccount.listen`."""
        listener = _Listener(on_event)
        try:
            await self._hold(listener)
        except HydraError as error:
            listener.end(str(error))
            raise
        except asyncio.CancelledError:
            listener.end("it was given up")
            raise

    async def _hold(self, listener: "_Listener") -> None:
        key = await self._key()
        base, names = self._calls.client.hosts.stream, "/".join(user_events.EVENTS)
        socket = Subscription(f"{base}/private/ws?listenKey={key}&events={names}", (_REQUEST,))
        tasks: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._streams.hold(_NAME, [socket], listener.hear)),
            asyncio.ensure_future(self._renew()),
            listener.failed,
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _key(self) -> str:
        """The listen key; an active one is given again, and lives on."""
        answer = await self._calls.ask("fapiPrivatePostListenKey")
        key = answer.get("listenKey") if isinstance(answer, dict) else None
        if not isinstance(key, str) or not key.isalnum():
            raise BadDataError("listenKey: the answer holds no key")
        return key

    async def _renew(self) -> None:
        """Renew the key for ever.

        Raises:
            RetryError: the exchange no longer knows it.
        """
        due_us = 0
        while True:
            try:
                clock = await self._calls.server_clock()
                if due_us and clock.time_us >= due_us:
                    await self._calls.ask("fapiPrivatePutListenKey")
                    due_us = 0
                due_us = due_us or clock.time_us + int(RENEWED_EVERY_S * SECOND_US)
                left_s = (due_us - clock.time_us) / SECOND_US
                wait_s = min(left_s / clock.speed, _SELDOM_S) if clock.speed else 0.0
            except RetryError:
                wait_s = _TRIED_AGAIN_S
            except StopError as error:
                # -1125: it has expired unheard. Where the account is refused, asking for another says so.
                raise RetryError(f"the user stream's key is gone ({error})") from None
            await asyncio.sleep(max(wait_s, _OFTEN_S))

    async def close(self) -> None:
        """Close the connections that are read on."""
        await self._streams.close()


class _Listener:
    """Turns frames into events: StreamBegan first, StreamEnded last where the stream is lost."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._has_begun = False
        self._has_ended = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what ends the stream: an event of the exchange, or one that cannot be read."""

    def hear(self, _name: str, frame: bytes) -> None:
        """A frame has come."""
        if self._has_ended:
            return
        if not self._has_begun:
            self._has_begun = True
            self._on_event(StreamBegan())
        try:
            event = user_events.parse(frame)
        except BadDataError as error:
            self._fail(str(error))
            return
        if isinstance(event, StreamEnded):
            self._fail(event.reason)
        elif event is not None:
            self._on_event(event)

    def _fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_exception(RetryError(f"the user stream has ended: {reason}"))

    def end(self, reason: str) -> None:
        """Say that it is over; nothing is said after that."""
        self._has_ended = True
        self._on_event(StreamEnded(reason))
