"""The broker of the workers' messages: PostgreSQL by default, Redis or RabbitMQ by HYDRA_BROKER_URL.

Source: docs/architecture.md, law 1; docs/database.md, "Messages".
"""

from contextlib import suppress
from typing import Final, Never
from urllib.parse import urlsplit

import psycopg
import structlog
from dramatiq import Broker, Consumer, Message, Middleware
from dramatiq.errors import ConnectionClosed
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres.utils import getconn
from psycopg_pool import ConnectionPool

from hydra.db.address import libpq_url
from hydra.db.engine import CONNECT_TIMEOUT_S
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import SettingsError
from hydra.runtime.outage import Outage
from hydra.runtime.waiting_consumer import WaitingConsumer
from hydra.runtime.wakeup_consumer import PromptConsumer
from hydra.settings import Settings

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.messages")
SCHEMA: Final = "messages"
POLL_INTERVAL_S: Final = 0.5
PURGE_AGE: Final = "1 hour"
POOL_WAIT_S: Final = 5.0
LISTENER_TIMEOUT_S: Final = 3.0
# Connections per process: one listens, one per queue claims, one sends or acknowledges.
POOL_SIZE: Final = 12

# The package repeats what fails for minutes, with pauses of up to 30 s. Here the callers try again, sooner.
for _repeated in (getconn, PostgresBroker.enqueue):
    _repeated.retry.stop = lambda _state: True

# A message may be lost, so its transactions do not wait for the disk.
_SESSION: Final = "-c timezone=UTC -c synchronous_commit=off"


class WakeupBroker(PostgresBroker):  # type: ignore[misc]  # the package carries no types
    """The PostgreSQL broker without delayed messages; its consumers wake at every message."""

    def __init__(self, pool: ConnectionPool, middleware: list[Middleware]) -> None:
        super().__init__(
            pool=pool,
            schema=SCHEMA,
            results=False,
            poll_interval=POLL_INTERVAL_S,
            purge_maxage=PURGE_AGE,
            middleware=middleware,
        )
        self._outage = Outage("the database, which carries the messages,", _LOG.warning)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        """A consumer of `queue_name`; `timeout` in milliseconds."""
        prompt = PromptConsumer(broker=self, queue_name=queue_name, prefetch=prefetch, timeout=timeout)
        return WaitingConsumer(prompt, self._outage, self._ask)

    def enqueue(self, message: Message[None], *, delay: int | None = None) -> Message[None]:
        """Send the message.

        Raises:
            BrokerConnectionError: the server went away.
        """
        try:
            sent: Message[None] = super().enqueue(message, delay=delay)
        except psycopg.Error as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]
        return sent

    def _ask(self) -> None:
        try:
            with self.pool.connection() as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]

    def declare_queue(self, queue_name: str) -> None:
        """Declare the queue. No message is delayed, so no thread has to poll for late ones."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = True
            self.emit_after("declare_queue", queue_name)

    def close(self) -> None:
        """Stop listening and close every connection."""
        super().close()
        if self.notifier.is_alive():
            self._wake_listener()
            self.notifier.join(LISTENER_TIMEOUT_S)
        self.pool.close()

    def _wake_listener(self) -> None:
        """The listener checks whether to stop at every notification, and every 2 s."""
        channel = f"dramatiq.{next(iter(self.queues))}.enqueue"
        with suppress(psycopg.Error), self.pool.connection() as connection:
            connection.execute("SELECT pg_notify(%s, '')", (channel,))


def make_broker(settings: Settings, middleware: list[Middleware]) -> Broker:
    """The broker of `settings` with exactly this middleware. Connections are opened when first used.

    Raises:
        SettingsError: HYDRA_BROKER_URL names no broker that HYDRA knows, or its client is not installed.
    """
    if settings.broker_url is None:
        return _postgres(settings, middleware)
    url = settings.broker_url.get_secret_value()
    scheme = _scheme(url)
    if scheme in {"redis", "rediss"}:
        return _redis(url, middleware)
    if scheme in {"amqp", "amqps"}:
        return _rabbitmq(url, middleware)
    raise SettingsError(
        f"HYDRA_BROKER_URL: {scheme or 'no scheme'} is no broker of HYDRA; write redis://HOST:PORT/DB or "
        f"amqp://USER:PASSWORD@HOST:PORT, or leave it empty to use the database"
    )


def _scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
        # Raises where a password with / or @ in it was taken for host and port.
        is_sound = parts.port is None or "@" not in (parts.hostname or "")
    except ValueError:
        is_sound = False
    if not is_sound:
        raise SettingsError(
            "HYDRA_BROKER_URL is not a URL: write redis://HOST:PORT/DB or amqp://USER:PASSWORD@HOST:PORT "
            "(special characters in the password as %XX)"
        )
    return parts.scheme


def _postgres(settings: Settings, middleware: list[Middleware]) -> Broker:
    pool = ConnectionPool(
        # Resolved for every connection: the private server may come back on another port.
        lambda: libpq_url(database_url(settings, Role.WORKER)),
        kwargs={
            "application_name": "hydra-messages",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": _SESSION,
        },
        min_size=0,
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_S,
        # Or its pauses double for five minutes, and outlast the outage by as long as that took.
        reconnect_timeout=POOL_WAIT_S,
        check=ConnectionPool.check_connection,
        open=True,
    )
    return WakeupBroker(pool, middleware)


def _redis(url: str, middleware: list[Middleware]) -> Broker:
    try:
        from hydra.runtime.redis_broker import WaitingRedisBroker  # noqa: PLC0415  # an extra
    except ImportError:
        _refuse_missing("redis")
    return WaitingRedisBroker(url, middleware)


def _rabbitmq(url: str, middleware: list[Middleware]) -> Broker:
    try:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415  # an extra
    except ImportError:
        _refuse_missing("rabbitmq")
    return RabbitmqBroker(url=url, middleware=middleware)


def _refuse_missing(extra: str) -> Never:
    raise SettingsError(
        f"HYDRA_BROKER_URL asks for a broker whose client is not installed: install the extra "
        f"hydra-perpetuals[{extra}], or leave HYDRA_BROKER_URL empty to use the database"
    ) from None
