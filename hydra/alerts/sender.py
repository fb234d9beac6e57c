"""Looks for what is alert-worthy, and gives each channel what it has to tell.

A message is stored as taken after the channel took it: a kill in between lets that one go out a second time,
with the same key, and none is lost.
Source: docs/architecture.md, law 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from hydra.alerts import rows
from hydra.alerts.channels import Channel, NotTakenError
from hydra.alerts.conditions import Condition, Patience, kinds, query_values, read_conditions
from hydra.alerts.message import Message, Severity
from hydra.alerts.rate_limit import Choice, RateLimit, choose
from hydra.db.engine import is_lost
from hydra.durations import MINUTE, MINUTE_SECONDS
from hydra.errors import StopError
from hydra.settings import Settings

LONGEST_QUERY: Final = "10s"
UNANSWERED: Final = "unanswered"
NO_CHANNEL: Final = (
    "alerts have no channel: set ALERT_WEBHOOK_URL or ALERT_URLS in .env or in the environment "
    "(docs/alerts.md)"
)


@dataclass
class AlertSender:
    """Sends the alerts of one database, once it is connected.

    tell: gets a sentence for each message that went out and each that did not.
    """

    settings: Settings
    channels: Sequence[Channel]
    tell: Callable[[str], None]
    limit: RateLimit = field(default_factory=RateLimit)
    patience: Patience = field(default_factory=Patience)
    connection: psycopg.Connection = field(init=False)
    _refused: dict[str, int] = field(default_factory=dict, init=False)
    _unstored: list[tuple[str, Choice]] = field(default_factory=list, init=False)

    def connected(self, connection: psycopg.Connection) -> None:
        """Use this connection of the worker, in autocommit mode; store what was taken while there was none.

        Raises:
            psycopg.OperationalError: the server went away.
        """
        self.connection = connection
        for channel in self.channels:
            rows.add_channel(connection, channel.name)
        rows.end_unknown(connection, (*kinds(), UNANSWERED))
        while self._unstored:
            rows.note_taken(connection, *self._unstored[0])
            del self._unstored[0]

    def look(self) -> None:
        """Record what began and what is over. A kind whose query fails stays as it was, the others go on.

        Raises:
            psycopg.OperationalError: the server went away.
        """
        values = query_values(self.settings, [channel.name for channel in self.channels])
        unanswered = []
        for kind in kinds():
            try:
                present = read_conditions(self.connection, kind, values)
            except psycopg.Error as error:
                if is_lost(error):
                    raise
                unanswered.append(_unanswered(kind, error))
            else:
                self._record(kind, present)
        self._record(UNANSWERED, unanswered)

    def deliver(self) -> None:
        """Give each channel what it has to tell, a message each in turn.

        Raises:
            psycopg.OperationalError: the server went away.
        """
        talking = list(self.channels)
        while talking:
            talking = [channel for channel in talking if self._give_one(channel)]

    def _record(self, kind: str, present: Sequence[Condition]) -> None:
        rows.record_conditions(self.connection, kind, self.patience.lasting(kind, present), present)

    def _give_one(self, channel: Channel) -> bool:
        """Give one message; whether there may be another."""
        due = rows.read_due(
            self.connection, channel.name, self.settings.alert_repeat_minutes * MINUTE_SECONDS
        )
        if not due:
            rows.note_caught_up(self.connection, channel.name)
            return False
        # One that is refused keeps no other back.
        due.sort(key=lambda told: told.alert_id == self._refused.get(channel.name))
        lately = rows.sent_lately(self.connection, channel.name, self.limit.window_s)
        choice = choose(due, lately, self.limit)
        if choice.told is None:
            return False
        message = Message(choice.told, choice.held_back)
        try:
            channel.send(message)
        except NotTakenError as error:
            self._refused[channel.name] = choice.told.alert_id
            rows.note_failed(self.connection, channel.name, str(error), error.retry_after_s)
            self.tell(f"{channel.name} did not take alert {message.key} ({message.title}): {error}")
            return False
        self._refused.pop(channel.name, None)
        self._unstored.append((channel.name, choice))
        rows.note_taken(self.connection, channel.name, choice)
        self._unstored.clear()
        self.tell(f"{channel.name} took alert {message.key} ({message.title})")
        return True


def _unanswered(kind: str, error: psycopg.Error) -> Condition:
    """That the query of a kind fails is an alert too."""
    complaint = str(error).partition("\n")[0]
    return Condition(
        subject=kind,
        severity=Severity.WARNING.value,
        since=None,
        patience=MINUTE,
        happened=f"Whether there is an alert of the kind {kind} cannot be asked: {complaint}",
        done="The other kinds are asked.",
        advice="`hydra doctor` looks at the database; `hydra db up` brings its schema up to date.",
    )


def send_test(
    connection: psycopg.Connection, channels: Sequence[Channel], operator: str
) -> dict[str, str | None]:
    """Send a test alert on every channel now; by channel why it was not taken, or None.

    Raises:
        StopError: there is no channel.
    """
    if not channels:
        raise StopError(NO_CHANNEL)
    message, outcomes = rows.add_test(connection, operator), dict[str, str | None]()
    for channel in channels:
        rows.add_channel(connection, channel.name)
        try:
            channel.send(message)
        except NotTakenError as error:
            rows.note_failed(connection, channel.name, str(error), error.retry_after_s)
            outcomes[channel.name] = str(error)
        else:
            rows.note_taken(connection, channel.name, Choice(message.told))
            outcomes[channel.name] = None
    return outcomes
