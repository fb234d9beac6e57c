"""Messages for sweeps: each wakes a worker that scores a planned trial of a study.

Source: docs/architecture.md, law 1.
"""

from typing import Final

from dramatiq import Broker, Message

from hydra.runtime.notifications import send

QUEUE: Final = "research"
ACTOR: Final = "score_trial"
MAX_AGE_MS: Final = 24 * 3_600_000
"""Trials do not become outdated as decisions do; a sweep that still waits sends its messages again."""


def notify_trials(broker: Broker, study_id: int, trials: int) -> None:
    """One message per planned trial; a duplicate finds nothing to do.

    Raises:
        RetryError: the broker cannot be used; some messages may have been sent.
    """
    for _ in range(trials):
        message: Message[None] = Message(
            queue_name=QUEUE,
            actor_name=ACTOR,
            args=(study_id,),
            kwargs={},
            options={"max_age": MAX_AGE_MS},
        )
        send(broker, message)
