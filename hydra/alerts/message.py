"""One message of an alert, for people and for machines; text from outside is shown."""

import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from hydra.outside_text import shown

LONGEST: Final = 600
"""Characters of one part; services cut off or refuse long messages."""


class Severity(StrEnum):
    """CRITICAL: money is at risk now; WARNING: it may come to that."""

    CRITICAL = "CRITICAL"
    WARNING = "WARNING"


class Phase(StrEnum):
    """PASSED: over before it could be told. COUNTED: the same, told as a number in another message."""

    NEW = "NEW"
    STILL = "STILL"
    OVER = "OVER"
    PASSED = "PASSED"
    COUNTED = "COUNTED"
    TEST = "TEST"


@dataclass(frozen=True)
class Told:
    """What a channel is told of an alert. number: from 1, of this alert on this channel.

    resolved_at: None while it lasts.
    """

    alert_id: int
    kind: str
    subject: str
    severity: str
    happened: str
    done: str
    advice: str
    since: datetime
    resolved_at: datetime | None
    number: int
    phase: Phase

    def __post_init__(self) -> None:
        """Convert the database's text to a Phase."""
        object.__setattr__(self, "phase", Phase(self.phase))


@dataclass(frozen=True)
class Message:
    """What goes out. held_back: other alerts that the rate limit holds back now."""

    told: Told
    held_back: int = 0

    @property
    def key(self) -> str:
        """Known again by the receiver: a message that goes out twice has the same key."""
        return f"{self.told.alert_id}-{self.told.number}"

    @property
    def title(self) -> str:
        """Severity, phase and subject in a line."""
        told = self.told
        if told.phase is Phase.TEST:
            return "HYDRA test alert"
        words = {
            Phase.NEW: told.severity,
            Phase.STILL: f"still {told.severity}",
            Phase.OVER: "over",
            Phase.PASSED: f"over, was {told.severity}",
        }[told.phase]
        return f"HYDRA {words}: {_part(told.subject)}"

    @property
    def text(self) -> str:
        """What happened, since when, what HYDRA did, what the operator can do."""
        told = self.told
        span = f"Since {_utc(told.since)}"
        if told.resolved_at is not None and told.phase is not Phase.TEST:
            span += f", over since {_utc(told.resolved_at)}"
        lines = [f"{_part(told.happened)}.", f"{span}, on {shown(socket.gethostname())}."]
        if told.resolved_at is None or told.phase is Phase.TEST:
            lines += [_part(told.done), f"What to do: {_part(told.advice)}"]
        if self.held_back:
            lines.append(
                f"{self.held_back} more are held back by the rate limit, or over: `hydra alerts` lists them."
            )
        return "\n".join([*lines, f"Alert {told.alert_id}, message {told.number}."])

    @property
    def as_json(self) -> dict[str, Any]:
        """For machines; `text` holds the whole for people."""
        told = self.told
        return {
            "message": self.key,
            "alert": told.alert_id,
            "kind": told.kind,
            "phase": told.phase.value,
            "severity": told.severity,
            "subject": _part(told.subject),
            "happened": _part(told.happened),
            "done": _part(told.done),
            "advice": _part(told.advice),
            "since": told.since.astimezone(UTC).isoformat(),
            "resolved_at": None if told.resolved_at is None else told.resolved_at.astimezone(UTC).isoformat(),
            "held_back": self.held_back,
            "host": socket.gethostname(),
            "text": f"{self.title}\n{self.text}",
        }

    def encoded(self) -> bytes:
        """The JSON of it."""
        return json.dumps(self.as_json).encode()


def _part(text: str) -> str:
    whole = shown(text)
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
