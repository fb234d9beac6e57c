"""Alerts as rows: conditions begin and end, messages are due and were taken, channels work or fail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from hydra.alerts.conditions import Condition
from hydra.alerts.message import Message, Phase, Severity, Told
from hydra.alerts.rate_limit import Choice
from hydra.db import queries

TEST: Final = "test"


def record_conditions(
    connection: psycopg.Connection, kind: str, lasting: Sequence[Condition], present: Sequence[Condition]
) -> None:
    """Begin an alert for each of `lasting`; end the alerts of `kind` that are not in `present`."""
    with connection.transaction():
        for one in lasting:
            connection.execute(queries.load("alerting/begin"), {"kind": kind, **asdict(one)})
        values = {"kind": kind, "subjects": [one.subject for one in present]}
        connection.execute(queries.load("alerting/end"), values)


def end_unknown(connection: psycopg.Connection, known: Sequence[str]) -> None:
    """End the alerts of kinds that are not `known`: those of another version."""
    connection.execute(queries.load("alerting/end_unknown"), {"kinds": list(known)})


def add_channel(connection: psycopg.Connection, channel: str) -> None:
    """Know a channel from now on."""
    connection.execute(queries.load("alerting/add_channel"), {"channel": channel})


def read_due(connection: psycopg.Connection, channel: str, repeat_s: float) -> list[Told]:
    """What the channel has to tell now, the urgent first; nothing while it rests after a failure."""
    with connection.cursor(row_factory=class_row(Told)) as cursor:
        values = {"channel": channel, "repeat_s": repeat_s}
        return cursor.execute(queries.load("alerting/due"), values).fetchall()


def sent_lately(connection: psycopg.Connection, channel: str, window_s: float) -> dict[str, int]:
    """Messages that the channel took in the last `window_s`, by kind."""
    values = {"channel": channel, "window_s": window_s}
    return dict(connection.execute(queries.load("alerting/sent_lately"), values).fetchall())


def note_taken(connection: psycopg.Connection, channel: str, choice: Choice) -> None:
    """Store that the channel took the chosen message, and what it counted."""
    if choice.told is None:
        return
    with connection.transaction():
        _add_message(connection, channel, choice.told, choice.told.phase, choice.held_back)
        for counted in choice.counted:
            _add_message(connection, channel, counted, Phase.COUNTED, 0)
        connection.execute(queries.load("alerting/channel_works"), {"channel": channel})


def note_failed(connection: psycopg.Connection, channel: str, detail: str, retry_after_s: float) -> None:
    """Store that the channel did not take a message; it rests."""
    values = {"channel": channel, "detail": detail, "retry_after_s": retry_after_s}
    connection.execute(queries.load("alerting/channel_failed"), values)


def note_caught_up(connection: psycopg.Connection, channel: str) -> None:
    """Store that the channel has nothing to tell."""
    connection.execute(queries.load("alerting/caught_up"), {"channel": channel})


def add_test(connection: psycopg.Connection, operator: str) -> Message:
    """Store an alert that an operator asked for; the message of it."""
    words = {
        "kind": TEST,
        "subject": operator,
        "severity": Severity.WARNING.value,
        "happened": f"{operator} asked for a test: alerts of this machine arrive here",
        "done": "Nothing is wrong.",
        "advice": "nothing.",
    }
    alert_id, since, resolved_at = _add_past(connection, {**words, "since": None})
    return Message(Told(alert_id, **words, since=since, resolved_at=resolved_at, number=1, phase=Phase.TEST))


def add_outage(connection: psycopg.Connection, outage: Told, told_by_channel: Mapping[str, int]) -> None:
    """Store an outage of the database that is over, and how many messages of it each channel took.

    Its end is due on these, and on the others that it was.
    """
    words = {
        name: value for name, value in asdict(outage).items() if name not in {"alert_id", "number", "phase"}
    }
    with connection.transaction():
        alert_id, _, _ = _add_past(connection, words)
        for channel, messages in told_by_channel.items():
            for number in range(1, messages + 1):
                past = replace(outage, alert_id=alert_id, number=number)
                _add_message(connection, channel, past, Phase.NEW if number == 1 else Phase.STILL, 0)


def _add_past(connection: psycopg.Connection, words: Mapping[str, Any]) -> tuple[int, datetime, datetime]:
    row = connection.execute(queries.load("alerting/add_past"), words).fetchone()
    if row is None:
        raise AssertionError("INSERT ... RETURNING of one row gives one row")
    return row[0], row[1], row[2]


def _add_message(
    connection: psycopg.Connection, channel: str, told: Told, phase: Phase, held_back: int
) -> None:
    values = {"alert_id": told.alert_id, "channel": channel, "number": told.number}
    connection.execute(
        queries.load("alerting/add_message"), {**values, "phase": phase.value, "held_back": held_back}
    )
