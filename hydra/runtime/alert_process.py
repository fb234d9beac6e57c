"""The process that sends alerts: one at a time a database, it outlives every outage of it.

While the database is away no condition can be asked: that itself is told, from memory.
Source: docs/architecture.md, law 1.
"""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg import sql

from hydra.alerts import rows
from hydra.alerts.channels import Channel, NotTakenError, channels_of
from hydra.alerts.message import Message, Phase, Severity, Told
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
    """Connects, takes the lock, and lets the sender work; again after every outage."""

    settings: Settings
    channels: list[Channel]
    tell: Callable[[str], None]
    stopping: threading.Event
    _loss: "DatabaseLost | None" = field(default=None, init=False)
    _waits_for_other: bool = field(default=False, init=False)

    def run(self) -> None:
        """Look and deliver, every few seconds, until `stopping` is set."""
        sender = AlertSender(self.settings, self.channels, self.tell)
        outage = Outage("the database server", self.tell)
        while not self.stopping.is_set():
            try:
                with closing(self._connect()) as connection:
                    outage.back()
                    if self._is_mine(connection):
                        sender.connected(connection)
                        self._store_loss(connection)
                        self._send(sender)
            except (DatabaseError, psycopg.OperationalError) as error:
                outage.lost(str(error))
                self._note_loss(str(error))
            while not outage.is_due and not self.stopping.is_set():
                self.stopping.wait(WAIT_S)

    def _connect(self) -> psycopg.Connection:
        connection = connect(database_url(self.settings, Role.WORKER), autocommit=True)
        connection.execute(sql.SQL("SET statement_timeout = {}").format(LONGEST_QUERY))
        return connection

    def _is_mine(self, connection: psycopg.Connection) -> bool:
        """Wait until no other process sends; False if this one is told to stop before."""
        while not locks.take(connection, locks.ALERTS):
            if not self._waits_for_other:
                self._waits_for_other, self._loss = True, None
                self.tell("another process sends the alerts: this one waits, and goes on when that one ends")
            if self.stopping.wait(LOOK_EVERY_S):
                return False
        self._waits_for_other = False
        self.tell(f"alerts go to {', '.join(channel.name for channel in self.channels)}")
        return True

    def _send(self, sender: AlertSender) -> None:
        while not self.stopping.is_set():
            sender.look()
            sender.deliver()
            self.stopping.wait(LOOK_EVERY_S)

    def _note_loss(self, reason: str) -> None:
        """A process that waits for another leaves the telling to that one."""
        if self._waits_for_other:
            return
        if self._loss is None:
            repeat_s = self.settings.alert_repeat_minutes * MINUTE_SECONDS
            self._loss = DatabaseLost(self.channels, repeat_s, self.tell)
        self._loss.tell_if_due(reason)

    def _store_loss(self, connection: psycopg.Connection) -> None:
        if self._loss is not None:
            self._loss.store(connection)
            self._loss = None


@dataclass
class DatabaseLost:
    """The one alert that no query can find: kept in memory, stored once the database is back.

    A kill during the outage forgets it: the next process tells it again, as one that begins then.
    """

    channels: list[Channel]
    repeat_s: float
    tell: Callable[[str], None]
    patience_s: float = DATABASE_PATIENCE_S
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    reason: str = ""
    _taken: dict[str, int] = field(default_factory=dict, init=False)
    _try_at: dict[str, float] = field(default_factory=dict, init=False)

    def tell_if_due(self, reason: str) -> None:
        """Tell it on each channel once it has lasted, and again from time to time."""
        self.reason, now = reason.partition("\n")[0], time.monotonic()
        for channel in self.channels if self._has_lasted else []:
            if now < self._try_at.get(channel.name, now):
                continue
            message = Message(self._told(self._taken.get(channel.name, 0) + 1))
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
            rows.add_outage(connection, self._told(1), self._taken)

    @property
    def _has_lasted(self) -> bool:
        return time.monotonic() - self.began >= self.patience_s

    def _told(self, number: int) -> Told:
        return Told(
            # No row yet: the second of its beginning.
            alert_id=int(self.since.timestamp()),
            kind="database_lost",
            subject="database",
            severity=Severity.CRITICAL.value,
            happened=f"The database did not answer: {redacted_by_settings(self.reason)}",
            done="Runs wait for it: nothing is decided, no exit either.",
            advice="`hydra db status` and `hydra doctor` on that machine.",
            since=self.since,
            resolved_at=None,
            number=number,
            phase=Phase.NEW if number == 1 else Phase.STILL,
        )
