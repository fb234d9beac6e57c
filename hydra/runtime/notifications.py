"""The stages of a cycle, in order, and the message that wakes each.

A message says only which run may have work for which stage; hydra.cycles says what the work is.
Source: docs/architecture.md, law 1.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dramatiq import Broker, Message
from dramatiq.errors import BrokerConnectionError

from hydra.domain import CycleState
from hydra.errors import RetryError
from hydra.trading.versions import own_version

CYCLE_CLOSED_CHANNEL: Final = "hydra_cycle_closed"
"""The PostgreSQL channel that announces the end of every cycle; the payload is the run id."""

MAX_AGE_MS: Final = 10_000
"""Older messages are dropped: a backlog must never decide old states (law 1)."""


class Stage(StrEnum):
    """One step of a decision minute; the value is the name of its actor."""

    BOOK_FILLS = "book_fills"
    ASSESS = "assess"
    SIGNAL = "signal"
    DECIDE = "decide"
    EXECUTE = "execute"


@dataclass(frozen=True)
class Step:
    """The state that a stage waits for, the state that it sets, and the layer that does the work."""

    stage: Stage
    layer: str
    waits_for: CycleState
    leads_to: CycleState

    @property
    def queue(self) -> str:
        """The queue of the layer's process; every version of HYDRA has queues of its own."""
        return f"{self.layer}-{own_version().digest}"


STEPS: Final = (
    Step(Stage.BOOK_FILLS, "layer5", CycleState.OPEN, CycleState.FILLS_BOOKED),
    Step(Stage.ASSESS, "layer2", CycleState.FILLS_BOOKED, CycleState.ASSESSED),
    Step(Stage.SIGNAL, "layer3", CycleState.ASSESSED, CycleState.SIGNALLED),
    Step(Stage.DECIDE, "layer4", CycleState.SIGNALLED, CycleState.DECIDED),
    Step(Stage.EXECUTE, "layer5", CycleState.DECIDED, CycleState.CLOSED),
)

_BY_STAGE: Final = {step.stage: step for step in STEPS}
_BY_STATE: Final = {step.waits_for: step for step in STEPS}


def step_of(stage: Stage) -> Step:
    """The step that `stage` takes."""
    return _BY_STAGE[stage]


def step_from(state: CycleState) -> Step | None:
    """The step that a cycle in `state` waits for; None once it is closed or skipped."""
    return _BY_STATE.get(state)


UPKEEP_QUEUE: Final = "upkeep"
AUDIT_ACTOR: Final = "audit"
POLL_ACTOR: Final = "poll_news"
SCAN_ACTOR: Final = "scan_news"


def news_queue() -> str:
    """The queue of the news analyst; its rows belong to runs of its version."""
    return f"news-{own_version().digest}"


def notify_news(broker: Broker, run_id: int) -> None:
    """Tell the news analyst that sources and a scan may be due for run `run_id`. A lost message does no harm.

    Raises:
        RetryError: the broker cannot be used.
    """
    for actor in (POLL_ACTOR, SCAN_ACTOR):
        send(broker, _message(news_queue(), actor, run_id))


def notify_upkeep(broker: Broker) -> None:
    """Tell the upkeep process that the audits may be due. A lost message does no harm.

    Raises:
        RetryError: the broker cannot be used.
    """
    send(broker, _message(UPKEEP_QUEUE, AUDIT_ACTOR))


def notify(broker: Broker, step: Step, run_id: int) -> None:
    """Tell the process of `step` that run `run_id` may have a cycle for it. A lost message does no harm.

    Raises:
        RetryError: the broker cannot be used.
    """
    send(broker, _message(step.queue, step.stage.value, run_id))


def send(broker: Broker, message: Message[None]) -> None:
    """Put a message into its queue.

    Raises:
        RetryError: the broker cannot be used.
    """
    try:
        broker.enqueue(message)
    except BrokerConnectionError as error:
        raise RetryError(f"a message could not be sent: {error}") from error


def _message(queue: str, actor: str, *arguments: int) -> Message[None]:
    return Message(
        queue_name=queue,
        actor_name=actor,
        args=arguments,
        kwargs={},
        options={"max_age": MAX_AGE_MS},
    )
