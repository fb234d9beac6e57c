"""A consumer that waits for its broker, as long as it takes, instead of failing again and again.

A lost message costs nothing (law 1), so an acknowledgement that does not get through is given up.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from dramatiq import Consumer
from dramatiq.broker import MessageProxy
from dramatiq.errors import BrokerConnectionError

from hydra.runtime.outage import Outage

LOOK_EVERY_S: Final = 0.2


class WaitingConsumer(Consumer):
    """The consumer `inner`; all consumers of a broker share its outage and `ask` whether it is over.

    ask: raises BrokerConnectionError while the broker cannot be used.
    """

    def __init__(self, inner: Consumer, outage: Outage, ask: Callable[[], None]) -> None:
        self._inner = inner
        self._outage = outage
        self._ask = ask

    def __next__(self) -> MessageProxy | None:
        """The next message; None if there is none for now, or the broker is lost."""
        if self._outage.is_on:
            self._try_again()
        if not self._outage.is_on:
            with self._waiting():
                return next(self._inner)
        time.sleep(LOOK_EVERY_S)
        return None

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge the message, if the broker is there."""
        with self._waiting():
            self._inner.ack(message)

    def nack(self, message: MessageProxy) -> None:
        """Reject the message, if the broker is there."""
        with self._waiting():
            self._inner.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give messages back, if the broker is there."""
        with self._waiting():
            self._inner.requeue(messages)

    def close(self) -> None:
        """Give the connection back."""
        self._inner.close()

    def _try_again(self) -> None:
        if self._outage.is_due:
            with self._waiting():
                self._ask()
                self._outage.back()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        try:
            yield
        except BrokerConnectionError as error:
            self._outage.lost(str(error))
