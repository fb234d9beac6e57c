"""The alerts that last and those of the last day, and whether they leave the machine."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.answers.formatting import counted
from hydra.db import queries


@dataclass(frozen=True)
class AlertSummary:
    """A row of hydra.alerts. channels: those that took a message of it; times_sent: on all of them."""

    alert_id: int
    kind: str
    subject: str
    severity: str
    happened: str
    advice: str
    since: datetime
    resolved_at: datetime | None
    times_sent: int
    last_sent_at: datetime | None
    channels: list[str]


@dataclass(frozen=True)
class ChannelCondition:
    """A channel of alerts. failing_since: None where it works; detail: why the last try failed."""

    channel: str
    failures: int
    failing_since: datetime | None
    next_try_at: datetime | None
    detail: str | None
    last_sent_at: datetime | None


@dataclass(frozen=True)
class AlertCondition:
    """Whether a process sends alerts, how many last, and the channels that were ever used."""

    is_sent: bool
    open_alerts: int
    channels: list[ChannelCondition]


def read_alerts(connection: psycopg.Connection) -> list[AlertSummary]:
    """The alerts that last, then those of the last day, the newest first."""
    with connection.cursor(row_factory=class_row(AlertSummary)) as cursor:
        return cursor.execute(queries.load("status/alerts")).fetchall()


def read_alert_condition(connection: psycopg.Connection) -> AlertCondition:
    """How the sending of alerts fares."""
    row = connection.execute(queries.load("status/alert_sender")).fetchone()
    if row is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    with connection.cursor(row_factory=class_row(ChannelCondition)) as cursor:
        channels = cursor.execute(queries.load("status/alert_channels")).fetchall()
    return AlertCondition(row[0], row[1], channels)


def alert_lines(condition: AlertCondition, channels: Collection[str]) -> Iterator[str]:
    """How the sending of alerts fares, in sentences. channels: those that the settings name."""
    if not channels:
        yield "Alerts do not leave this machine: set ALERT_WEBHOOK_URL or ALERT_URLS (docs/alerts.md)"
    elif condition.is_sent:
        lasting = counted(condition.open_alerts, "open alert")
        yield f"Alerts go to {', '.join(channels)}; {lasting}, see `hydra alerts`"
    else:
        yield "No process sends alerts now: `hydra run` does, and `hydra alerts send`"
    for one in condition.channels:
        if one.failing_since is not None and one.channel in channels:
            yield failing_channel(one)


def failing_channel(one: ChannelCondition) -> str:
    """Since when and why alerts do not get through on a channel, in a sentence."""
    return (
        f"Alerts do not get through on {one.channel} since {one.failing_since:%Y-%m-%d %H:%M:%S} UTC "
        f"({counted(one.failures, 'failure')}): {one.detail}"
    )
