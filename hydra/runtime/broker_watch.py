"""Whether the broker of the messages can be used: asked by the supervisor, by sweeps and by `hydra status`.

Messages through the database need no question: whoever uses the database hears its own errors.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from dramatiq import Broker
from dramatiq.errors import BrokerConnectionError

from hydra.runtime.message_broker import make_broker
from hydra.runtime.outage import Outage
from hydra.settings import Settings

LOOK_EVERY_S: Final = 1.0


@runtime_checkable
class AskableBroker(Protocol):
    """A broker that can be asked. `name`: what it is and where, for sentences."""

    name: str

    def ask(self) -> None:
        """Raise BrokerConnectionError if it cannot be used."""


@dataclass(frozen=True)
class BrokerCondition:
    """What carries the messages, and why it cannot be used (None: it can)."""

    name: str
    complaint: str | None


def broker_condition(settings: Settings) -> BrokerCondition | None:
    """The condition of the broker of HYDRA_BROKER_URL; None if that is the database or cannot be asked.

    Raises:
        SettingsError: HYDRA_BROKER_URL names no broker that HYDRA can use.
    """
    if settings.broker_url is None:
        return None
    with closing(make_broker(settings, [])) as broker:
        if not isinstance(broker, AskableBroker):
            return None
        try:
            broker.ask()
        except BrokerConnectionError as error:
            return BrokerCondition(broker.name, str(error))
        return BrokerCondition(broker.name, None)


class BrokerWatch:
    """Asks a broker every second, less often while it is lost; `tell` gets a sentence when that changes."""

    def __init__(
        self, broker: Broker, tell: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._broker = broker if isinstance(broker, AskableBroker) else None
        self._now = now
        self._asked_at = float("-inf")
        name = self._broker.name if self._broker else "the broker"
        self._outage = Outage(f"{name}, which carries the messages,", tell, now)

    def is_there(self) -> bool:
        """Whether the broker could be used when it was last asked."""
        if self._broker is not None and self._outage.is_due and self._now() - self._asked_at >= LOOK_EVERY_S:
            self._asked_at = self._now()
            try:
                self._broker.ask()
            except BrokerConnectionError as error:
                self._outage.lost(str(error))
            else:
                self._outage.back()
        return not self._outage.is_on
