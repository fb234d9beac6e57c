"""The process that sends alerts: one at a time a database, it outlives every outage of it.

While the database is away no condition can be asked: that itself is told, from memory.
Source: docs/architecture.md, law 1.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg import sql

from hydra.alerts import rows
from hydra.alerts.channels import Channel, NotTakenError, channels_of
from hydra.alerts.message import Message, Phase, Told
from hydra.alerts.sender import LONGEST_QUERY, NO_CHANNEL, AlertSender
from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.durations import MINUTE_SECONDS
from hydra.errors import DatabaseError, StopError
from hydra.runtime.outage import Outage
from hydra.settings import Settings, redacted_by_settings

LOOK_EVERY_S: Final = 5.0
WAIT_S: Final = 0.2
DATABASE_PATIENCE_S: Final = 60.0


def send_alerts(settings: Settings, tell: Callable[[str], None]) -> None:
    """Send what is alert-worthy until SIGTERM or Ctrl-C; while another process does it, wait.

    Raises:
        StopError: no channel is set, or the address of one is wrong.
        DatabaseError: the server cannot be used at the start.
        psycopg.ProgrammingError: the database has not the schema.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    channels = channels_of(settings)
    if not channels:
        raise StopError(NO_CHANNEL)
    AlertProcess(settings, channels, tell, stopping).run()


@dataclass
class AlertProcess:
    """Holds the connection, the lock and the sender."""

    settings: Settings
    channels: list[Channel]
    tell: Callable[[str], None]
    stopping: threading.Event
    _told_other: bool = field(default=False, init=False)

    def run(self) -> None:
        """Look and deliver, every few seconds; come back after every outage."""
        connection = self._connect()
        sender = AlertSender(connection, self.settings, self.channels, self.tell)
        while not self.stopping.is_set():
            try:
                self._send(sender)
            except psycopg.OperationalError as error:
                self._wait_for_database(sender, str(error))
        sender.connection.close()

    def _connect(self) -> psycopg.Connection:
        connection = connect(database_url(self.settings, Role.WORKER), autocommit=True)
        connection.execute(sql.SQL("SET statement_timeout = {}").format(LONGEST_QUERY))
        return connection

    def _send(self, sender: AlertSender) -> None:
        while not self.stopping.is_set() and not locks.take(sender.connection, locks.ALERTS):
            if not self._told_other:
                self._told_other = True
                self.tell("another process sends the alerts: this one waits, and goes on when that one ends")
            self.stopping.wait(LOOK_EVERY_S)
        if self.stopping.is_set():
            return
        self._told_other = False
        sender.connected(sender.connection)
        self.tell(f"alerts go to {', '.join(channel.name for channel in self.channels)}")
        while not self.stopping.is_set():
            sender.look()
            sender.deliver()
            self.stopping.wait(LOOK_EVERY_S)

    def _wait_for_database(self, sender: AlertSender, reason: str) -> None:
        sender.connection.close()
        outage = Outage("the database server", self.tell)
        told = DatabaseLost(self.channels, self.settings.alert_repeat_minutes * MINUTE_SECONDS, self.tell)
        outage.lost(reason)
        while not self.stopping.is_set():
            if outage.is_due:
                try:
                    sender.connection = self._connect()
                except (DatabaseError, psycopg.OperationalError) as again:
                    outage.lost(str(again))
                    told.tell_if_due(str(again))
                else:
                    outage.back()
                    told.store(sender.connection)
                    return
            self.stopping.wait(WAIT_S)


@dataclass
class DatabaseLost:
    """The one alert that no query can find: kept in memory, stored once the database is back.

    A kill during the outage forgets it; the next process tells it again.
    """

    channels: list[Channel]
    repeat_s: float
    tell: Callable[[str], None]
    patience_s: float = DATABASE_PATIENCE_S
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    _taken: dict[str, int] = field(default_factory=dict, init=False)
    _try_at: dict[str, float] = field(default_factory=dict, init=False)

    def tell_if_due(self, reason: str) -> None:
        """Tell it on each channel once it has lasted, and again from time to time."""
        now = time.monotonic()
        for channel in self.channels if self._has_lasted else []:
            if now < self._try_at.get(channel.name, now):
                continue
            message = Message(self._told(reason, self._taken.get(channel.name, 0) + 1))
            try:
                channel.send(message)
            except NotTakenError as error:
                self._try_at[channel.name] = now + MINUTE_SECONDS
                self.tell(f"{channel.name} did not take the alert ({message.title}): {error}")
            else:
                self._try_at[channel.name] = now + self.repeat_s
                self._taken[channel.name] = message.told.number
                self.tell(f"{channel.name} took the alert ({message.title})")

    def store(self, connection: psycopg.Connection) -> None:
        """Store it, if it has lasted; its end is then told like every other."""
        if self._has_lasted:
            rows.add_outage(connection, self._told("it is back", 1), self._taken)

    @property
    def _has_lasted(self) -> bool:
        return time.monotonic() - self.began >= self.patience_s

    def _told(self, reason: str, number: int) -> Told:
        return Told(
            # No row yet: the second of its beginning.
            alert_id=int(self.since.timestamp()),
            kind="database_lost",
            subject="database",
            severity="CRITICAL",
            happened=f"The database did not answer: {redacted_by_settings(reason.partition(chr(10))[0])}",
            done="Runs wait for it: nothing is decided, no exit either.",
            advice="`hydra db status` and `hydra doctor` on that machine.",
            since=self.since,
            resolved_at=None,
            number=number,
            phase=Phase.NEW if number == 1 else Phase.STILL,
        )
