"""What happens in a run while it goes on, a sentence an event: entries, fills, exits, kills, skips."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.answers.formatting import counted, exact_text, minute_text, price_text, usd
from hydra.db import queries
from hydra.domain import OrderState, ReasonCode
from hydra.durations import EPOCH
from hydra.reason_words import WORDS


class EventKind(StrEnum):
    """ENTRY_ENDED: the order is filled whole or given up. REDUCED, CLOSED: what an exit's fills left.

    SKIPPED: as many minutes as the quantity says, up to its time.
    """

    ENTRY_SENT = "ENTRY_SENT"
    ENTRY_FILLED = "ENTRY_FILLED"
    ENTRY_ENDED = "ENTRY_ENDED"
    REDUCED = "REDUCED"
    CLOSED = "CLOSED"
    LATCHED = "LATCHED"
    CLEARED = "CLEARED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True)
class RunEvent:
    """One event on the run's clock. words: the signal source, the order's state, or the words of a kill."""

    time: datetime
    kind: EventKind
    key: int
    base: str
    side: str | None
    price: Decimal | None
    quantity: Decimal | None
    net_pnl_usd: Decimal | None
    reason_code: str | None
    words: str | None

    def __post_init__(self) -> None:
        """Convert the database's text to an EventKind."""
        object.__setattr__(self, "kind", EventKind(self.kind))

    @property
    def sentence(self) -> str:
        """For people: when, which pair and side, what happened and why."""
        return f"{minute_text(self.time)} UTC  {self.base} {self._happened()}"

    def _happened(self) -> str:
        reason = f": {WORDS[ReasonCode(self.reason_code)]}" if self.reason_code else ""
        amount = (
            f"{exact_text(self.quantity)} at {price_text(self.price)}" if self.quantity and self.price else ""
        )
        return {
            EventKind.ENTRY_SENT: f"{self.side} entry sent: {amount}, {self.words}",
            EventKind.ENTRY_FILLED: f"{self.side} entry filled: {amount}",
            EventKind.ENTRY_ENDED: f"{self.side} entry {str(self.words).lower()}{reason}",
            EventKind.REDUCED: f"{self.side} reduced: {amount}{reason}",
            EventKind.CLOSED: f"{self.side} closed: {amount}, net {usd(self.net_pnl_usd)}{reason}",
            EventKind.LATCHED: f"kill switch latched: {self.words}",
            EventKind.CLEARED: f"kill switch cleared: {self.words}",
            EventKind.SKIPPED: f"skipped for {counted(int(self.quantity or 0), 'minute')} up to here{reason}",
        }[self.kind]


@dataclass
class RunEvents:
    """Reads the events of one run, each once, from the run's beginning."""

    run_id: int
    _after_order: int = field(default=0, init=False)
    _after_fill: int = field(default=0, init=False)
    _after_kill: int = field(default=0, init=False)
    _after_skip: datetime = field(default=EPOCH, init=False)
    _working: set[int] = field(default_factory=set, init=False)
    _latched: set[int] = field(default_factory=set, init=False)

    def read(self, connection: psycopg.Connection) -> list[RunEvent]:
        """What happened since the last reading, in the order of the run's clock."""
        values = {
            "run_id": self.run_id,
            "after_order": self._after_order,
            "after_fill": self._after_fill,
            "after_kill": self._after_kill,
            "after_skip": self._after_skip,
            "working": list(self._working),
            "latched": list(self._latched),
        }
        with connection.cursor(row_factory=class_row(RunEvent)) as cursor:
            events = cursor.execute(queries.load("stages/run_events"), values).fetchall()
        for event in events:
            self._remember(event)
        return [event for event in events if not _is_told_by_its_fills(event)]

    def _remember(self, event: RunEvent) -> None:
        match event.kind:
            case EventKind.ENTRY_SENT:
                self._after_order = max(self._after_order, event.key)
                self._working.add(event.key)
            case EventKind.ENTRY_ENDED:
                self._working.discard(event.key)
            case EventKind.LATCHED:
                self._after_kill = max(self._after_kill, event.key)
                self._latched.add(event.key)
            case EventKind.CLEARED:
                self._latched.discard(event.key)
            case EventKind.SKIPPED:
                self._after_skip = max(self._after_skip, event.time)
            case _:
                self._after_fill = max(self._after_fill, event.key)


def _is_told_by_its_fills(event: RunEvent) -> bool:
    return event.kind is EventKind.ENTRY_ENDED and event.words == OrderState.FILLED


WITHOUT_DATA: Final = (ReasonCode.DATA_MISSING, ReasonCode.DATA_STALE)
"""Reasons of layer 2 that mean: the pair is blocked by its data."""


@dataclass(frozen=True)
class DataCoverage:
    """How many minutes a run has assessed, and in how many of them every pair was blocked by its data."""

    assessed: int
    without_data: int

    @property
    def share_without_data(self) -> float:
        """0 to 1; 0 before the first minute."""
        return self.without_data / self.assessed if self.assessed else 0.0


def read_data_coverage(connection: psycopg.Connection, run_id: int) -> DataCoverage:
    """How much of `run_id` had data to decide on."""
    values = {"run_id": run_id, "reason_codes": list(WITHOUT_DATA)}
    with connection.cursor(row_factory=class_row(DataCoverage)) as cursor:
        found = cursor.execute(queries.load("stages/minutes_without_data"), values).fetchone()
    if found is None:
        raise AssertionError("a query of counts always gives one row")
    return found
