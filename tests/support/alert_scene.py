"""A database, a receiver, and a sender of alerts between them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
from pydantic import SecretStr

from hydra.alerts import rows
from hydra.alerts.channels import Channel, Webhook
from hydra.alerts.conditions import Condition
from hydra.alerts.rate_limit import RateLimit
from hydra.alerts.sender import AlertSender
from hydra.answers.alerts import read_alert_condition
from hydra.settings import Settings
from tests.support.alert_receiver import Receiver

DEAD = Condition("btc", "WARNING", None, timedelta(0), "the feed is dead", "nothing", "look")


@dataclass(frozen=True)
class Other:
    """A second channel: a webhook under another name."""

    webhook: Webhook
    name: str = "other"

    def send(self, message: object) -> None:
        self.webhook.send(message)  # type: ignore[arg-type]  # a message


@dataclass
class Scene:
    """A database with a run of which there is nothing to tell but what the test plants, and a receiver."""

    url: str
    owner: psycopg.Connection
    worker: psycopg.Connection
    receiver: Receiver
    said: list[str]

    def sender(self, *channels: Channel, limit: RateLimit | None = None) -> AlertSender:
        """A sender as a process would have it after its start."""
        settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
        own = list(channels) or [self.webhook]
        made = AlertSender(settings, own, self.said.append, limit or RateLimit())
        made.connected(self.worker)
        return made

    @property
    def webhook(self) -> Webhook:
        return Webhook(SecretStr(self.receiver.url), timeout_s=2)

    @property
    def phases(self) -> list[str]:
        """Phase and kind of each message that was taken."""
        return [f"{one['phase']} {one['kind']}" for one in self.receiver.taken]

    @property
    def rest_s(self) -> float:
        """How long the channel rests."""
        (channel,) = read_alert_condition(self.owner).channels
        assert channel.next_try_at is not None
        return (channel.next_try_at - datetime.now(UTC)).total_seconds()

    def let_pass(self, hours: float) -> None:
        """As if everything about alerts had happened so much earlier."""
        with self.owner.cursor() as cursor:
            for table, columns in (
                ("alert_messages", ("sent_at",)),
                ("alerts", ("first_seen_at", "resolved_at")),
                ("alert_channels", ("failing_since", "next_try_at", "last_sent_at", "caught_up_at")),
            ):
                moved = ", ".join(f"{one} = {one} - make_interval(secs => {hours * 3600})" for one in columns)
                cursor.execute(f"UPDATE hydra.{table} SET {moved}")  # noqa: S608


def turn(sender: AlertSender) -> None:
    sender.look()
    sender.deliver()


def flood(scene: Scene, count: int, kind: str = "flooding") -> list[Condition]:
    """So many alerts of one kind begin."""
    conditions = [replace(DEAD, subject=f"feed {number}") for number in range(count)]
    rows.record_conditions(scene.worker, kind, conditions, conditions)
    return conditions
