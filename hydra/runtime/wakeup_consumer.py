"""A consumer of the PostgreSQL broker that loses no wake-up and survives a server that went away.

The broker's own consumer misses a notification between its claim and its sleep, and then waits a whole poll
interval, which is too long for a cycle.
"""

import logging
from typing import Final

from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.errors import BrokerConnectionError
from dramatiq_postgres.broker import CLAIM_BATCH_MAX, PostgresConsumer
from psycopg import OperationalError

_LOG: Final = logging.getLogger(__name__)


class PromptConsumer(PostgresConsumer):  # type: ignore[misc]  # the package carries no types
    """Clears its wake-up flag before it queries, so that every later message wakes it."""

    def __next__(self) -> MessageProxy | None:
        """The next message, or None after a wait of at most the poll interval.

        Raises:
            BrokerConnectionError: the server went away; the worker makes a new consumer.
        """
        self.wakeup.clear()
        if not self.buffer:
            self._look()
        if not self.buffer:
            self.wakeup.wait(min(self.timeout_s, self.broker.poll_interval))
            return None
        message = self.buffer.pop(0)
        self.in_processing.add(message.message_id)
        return MessageProxy(message)

    def ack(self, message: Message[None]) -> None:
        """Remove the message from the queue. If the server is gone, so is the queue: nothing to do."""
        try:
            super().ack(message)
        except BrokerConnectionError as error:
            self._forget(message, error)

    def nack(self, message: Message[None]) -> None:
        """Reject the message; like `ack` if the server is gone."""
        try:
            super().nack(message)
        except BrokerConnectionError as error:
            self._forget(message, error)

    def _look(self) -> None:
        try:
            connection = self.get_consume_conn()
            self.broker.maybe_heartbeat(connection)
            self.broker.maybe_maintenance(connection)
            capacity = self.prefetch - len(self.in_processing)
            if capacity > 0:
                self.claim(min(capacity, CLAIM_BATCH_MAX))
        except OperationalError as error:
            raise BrokerConnectionError(str(error)) from error  # type: ignore[no-untyped-call]

    def _forget(self, message: Message[None], error: BrokerConnectionError) -> None:
        _LOG.warning("message %s is not acknowledged: %s", message.message_id, error)
        self.in_processing.discard(message.message_id)
        self.wakeup.set()
