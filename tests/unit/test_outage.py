"""A lost service is told once, tried after growing pauses, and told once when it is back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dramatiq
import pytest
from dramatiq.broker import MessageProxy
from dramatiq.errors import BrokerConnectionError

from hydra.errors import RetryError
from hydra.runtime.message_broker import make_broker
from hydra.runtime.notifications import Stage, notify, notify_upkeep, step_of
from hydra.runtime.outage import FIRST_PAUSE_S, LONGEST_PAUSE_S, REMIND_AFTER_S, Outage
from hydra.runtime.research_queue import notify_trials
from hydra.runtime.waiting_consumer import WaitingConsumer
from hydra.settings import load_settings


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_an_outage_is_told_once_and_its_end_once(clock: HandClock) -> None:
    told: list[str] = []
    outage = Outage("the server", told.append, clock)
    outage.back()
    assert (told, outage.is_on, outage.is_due) == ([], False, True)
    for _ in range(5):
        outage.lost("refused\nsecond line")
        clock.seconds += 2
    assert outage.is_on
    outage.back()
    outage.back()
    assert told == [
        "the server went away (refused): waiting until it is back",
        "the server is back after 10 s",
    ]


def test_the_pauses_grow_to_the_longest_and_begin_again_after_the_end(clock: HandClock) -> None:
    outage = Outage("the server", lambda _text: None, clock)
    pauses: list[float] = []
    for _ in range(8):
        outage.lost("refused")
        assert not outage.is_due
        began = clock.seconds
        while not outage.is_due:
            clock.seconds += 0.125
        pauses.append(clock.seconds - began)
    assert pauses == [0.25, 0.5, 1, 2, 4, 5, 5, 5]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE_S, LONGEST_PAUSE_S)
    outage.back()
    outage.lost("refused")
    clock.seconds += FIRST_PAUSE_S
    assert outage.is_due


def test_a_long_outage_is_told_again_ever_more_rarely_with_the_newest_reason(clock: HandClock) -> None:
    told: list[str] = []
    outage = Outage("the server", told.append, clock)
    for second in range(600):
        clock.seconds = 100.0 + second
        outage.lost(f"reason {second}")
    assert [words.split("has been away for ")[-1] for words in told[1:]] == [
        "60 s (reason 60)",
        "120 s (reason 120)",
        "240 s (reason 240)",
        "480 s (reason 480)",
    ]
    assert REMIND_AFTER_S == 60


def lost() -> BrokerConnectionError:
    return BrokerConnectionError("refused")  # type: ignore[no-untyped-call]


class Scripted(dramatiq.Consumer):
    """Gives the next item; an error is raised."""

    def __init__(self, items: Iterator[str | None]) -> None:
        self._items = items

    def __next__(self) -> MessageProxy | None:
        if next(self._items) == "lost":
            raise lost()
        return None

    def ack(self, message: MessageProxy) -> None:  # noqa: ARG002  # the framework's signature
        raise lost()

    def nack(self, message: MessageProxy) -> None:
        self.ack(message)


def test_a_consumer_stays_quiet_while_its_broker_is_lost(clock: HandClock) -> None:
    told: list[str] = []
    asked = iter([lost(), None])
    outage = Outage("the broker", told.append, clock)

    def ask() -> None:
        if error := next(asked):
            raise error

    consumer = WaitingConsumer(Scripted(iter([None, "lost", None])), outage, ask)
    assert next(consumer) is None
    assert not outage.is_on
    next(consumer)
    assert outage.is_on
    next(consumer)  # not due: nobody is asked
    clock.seconds += 10
    next(consumer)  # asked: still lost
    clock.seconds += 10
    next(consumer)  # asked: back, and the consumer goes on
    assert len(told) == 2
    assert "is back after 20 s" in told[1]


def test_an_acknowledgement_that_does_not_get_through_is_given_up(clock: HandClock) -> None:
    outage = Outage("the broker", lambda _text: None, clock)
    consumer = WaitingConsumer(Scripted(iter([])), outage, lambda: None)
    message: dramatiq.Message[None] = dramatiq.Message("queue", "actor", (), {}, {})
    consumer.ack(MessageProxy(message))
    consumer.nack(MessageProxy(message))
    assert outage.is_on


def test_a_message_that_a_lost_redis_does_not_take_is_an_error_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HYDRA_BROKER_URL", "redis://:topsecret@127.0.0.1:1/0")
    broker = make_broker(load_settings(Path("no-such-file.env")), [])
    sends: tuple[Callable[[], None], ...] = (
        lambda: notify(broker, step_of(Stage.ASSESS), 7),
        lambda: notify_upkeep(broker),
        lambda: notify_trials(broker, 3, 2),
    )
    for send in sends:
        with pytest.raises(RetryError, match=r"a message could not be sent: .*refused") as caught:
            send()
        assert "topsecret" not in str(caught.value)
