"""The doorbell of sweeps: wakes a worker that scores a planned trial of a study.

Source: docs/architecture.md, law 1.
"""

from typing import Final

from dramatiq import Broker, Message

QUEUE: Final = "research"
ACTOR: Final = "score_trial"
MAX_AGE_MS: Final = 24 * 3_600_000
"""A trial does not grow old like a decision; a message that is a day old is rung anew by who still waits."""


def ring_for_trials(broker: Broker, study_id: int, trials: int) -> None:
    """One message for every planned trial; a doubled one finds nothing to do."""
    for _ in range(trials):
        message: Message[None] = Message(
            queue_name=QUEUE,
            actor_name=ACTOR,
            args=(study_id,),
            kwargs={},
            options={"max_age": MAX_AGE_MS},
        )
        broker.enqueue(message)
