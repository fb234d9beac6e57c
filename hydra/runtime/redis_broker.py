"""A Redis broker that says in one way that its server cannot be used, and whose consumers wait for it."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import redis
import structlog
from dramatiq import Consumer, Middleware
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed
from redis.backoff import NoBackoff
from redis.retry import Retry

from hydra.runtime.outage import Outage
from hydra.runtime.waiting_consumer import WaitingConsumer

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.messages")
TIMEOUT_S: Final = 3.0
"""A server that accepts connections and does not answer counts as lost."""


class WaitingRedisBroker(RedisBroker):
    """The Redis broker at `url`; every error of the server or the network is a BrokerConnectionError."""

    def __init__(self, url: str, middleware: list[Middleware]) -> None:
        pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            # Once more at once: the first error may be that of a connection from before a restart.
            retry=Retry(NoBackoff(), 1),
        )
        super().__init__(  # type: ignore[no-untyped-call]
            client=redis.Redis(connection_pool=pool), middleware=middleware, namespace="hydra"
        )
        parts = urlsplit(url)
        self.name = f"Redis at {parts.hostname or 'localhost'}:{parts.port or 6379}"
        self._outage = Outage(self.name, _LOG.warning)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        """A consumer of `queue_name`; `timeout` in milliseconds."""
        return WaitingConsumer(super().consume(queue_name, prefetch, timeout), self._outage, self.ask)

    def ask(self) -> None:
        """Ask the server for the length of a queue, which also writes.

        Raises:
            BrokerConnectionError: it cannot be used.
        """
        self.do_qsize("default")

    def close(self) -> None:
        """Close every connection."""
        self.client.close()
        self.client.connection_pool.disconnect()

    def _dispatch(self, command: str) -> Callable[..., Any]:
        """Every command of dramatiq to the server."""
        dispatch = super()._dispatch(command)  # type: ignore[no-untyped-call]

        def dispatched(queue_name: str, *arguments: Any) -> Any:
            try:
                return dispatch(queue_name, *arguments)
            except redis.RedisError as error:
                raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]

        return dispatched
