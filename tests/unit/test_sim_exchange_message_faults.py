"""What faults of the simulated exchange do to messages: repeatable, counted, and nothing else is lost."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from hydra.errors import SettingsError
from hydra.sim.exchange.channels import MARKET, Channel, Channels, Connection
from hydra.sim.exchange.faults import Fault, FaultKind, fault_of_option
from hydra.sim.exchange.message_faults import Faults

STREAM = "btcusdt@aggTrade"


class Transport:
    """Keeps what is written: frames of fewer than 126 bytes."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, content: bytes) -> None:
        self.written += content

    def is_closing(self) -> bool:
        return False

    def events(self) -> list[Any]:
        """The events in the order of their coming."""
        events, rest = [], self.written
        while rest:
            events.append(orjson.loads(rest[2 : 2 + rest[1]])["E"])
            rest = rest[2 + rest[1] :]
        return events


class Scene:
    """One stream with one listener, at an exchange time that the test sets."""

    def __init__(self, *faults: Fault) -> None:
        self.now_ms = 0
        self.faults = Faults(faults, lambda: self.now_ms)
        channels = Channels(("BTCUSDT",), self.faults)
        self._transport = Transport()
        self._connection = Connection(cast(asyncio.Transport, self._transport), MARKET, is_combined=False)
        channels.add(self._connection)
        channels.subscribe(self._connection, STREAM)
        self._channel: Channel = channels.channel("BTCUSDT", "aggTrade")

    def send(self, *moments: int) -> None:
        """Send an event at each of these times."""
        for moment in moments:
            self.now_ms = moment
            self.faults.send_due(moment)
            self._channel.send({"e": "aggTrade", "E": moment})

    def heard(self, until_ms: int = 10**9) -> list[int]:
        """The event times that came by then."""
        self.now_ms = until_ms
        self.faults.send_due(until_ms)
        self._connection.write()
        return self._transport.events()


def test_without_faults_every_message_comes_once_and_in_order() -> None:
    scene = Scene()
    scene.send(1, 2, 3)
    assert scene.heard() == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.DROP, [1, 3, 4]),
        (FaultKind.DOUBLE, [1, 2, 2, 3, 4]),
        (FaultKind.REORDER, [1, 3, 2, 4]),
        (FaultKind.BOOK_GAP, [1, 2, 3, 4]),
    ],
)
def test_a_fault_does_what_its_name_says_to_the_message_that_it_acts_on(
    kind: FaultKind, expected: list[int]
) -> None:
    scene = Scene()
    scene.send(1)
    scene.faults.set((Fault(kind, count=1),))
    scene.send(2, 3, 4)
    assert scene.heard() == expected


def test_the_same_seed_loses_the_same_messages_and_another_seed_others() -> None:
    def heard(seed: int) -> list[int]:
        scene = Scene(Fault(FaultKind.DROP, probability=0.3, seed=seed))
        scene.send(*range(1, 201))
        return scene.heard()

    assert heard(5) == heard(5)
    assert heard(5) != heard(6)
    assert 100 < len(heard(5)) < 180


def test_how_often_a_fault_acted_is_what_is_missing() -> None:
    scene = Scene(Fault(FaultKind.DROP, probability=0.3, seed=5))
    scene.send(*range(1, 201))
    assert scene.faults.active[0].acted == 200 - len(scene.heard())


def test_jitter_keeps_the_order_of_a_stream() -> None:
    scene = Scene(Fault(FaultKind.JITTER, value=5_000, seed=1))
    scene.send(*range(1, 2_000, 100))
    assert scene.heard() == list(range(1, 2_000, 100))


def test_a_late_message_comes_at_its_time() -> None:
    scene = Scene(Fault(FaultKind.LATENCY, value=500))
    scene.send(100)
    assert scene.heard(until_ms=599) == []
    assert scene.heard(until_ms=600) == [100]


def test_messages_that_are_late_when_the_fault_ends_keep_their_order() -> None:
    scene = Scene(Fault(FaultKind.LATENCY, value=500))
    scene.send(100, 200)
    scene.faults.set(())
    scene.send(300, 1_000)
    assert scene.heard() == [100, 200, 300, 1_000]


def test_a_message_that_waits_for_the_next_one_is_not_lost_when_the_faults_end() -> None:
    scene = Scene(Fault(FaultKind.REORDER, count=1))
    scene.send(1)
    scene.faults.set(())
    scene.send(2, 3)
    assert scene.heard() == [2, 1, 3]


def test_a_fault_of_another_stream_does_nothing() -> None:
    scene = Scene(Fault(FaultKind.DROP, stream="depth"), Fault(FaultKind.DROP, symbol="ETHUSDT"))
    scene.send(1, 2)
    assert scene.heard() == [1, 2]


def test_a_fault_of_the_command_line_is_refused_with_the_name_that_is_wrong() -> None:
    assert fault_of_option("drop,stream=aggTrade,probability=0.5") == Fault(
        FaultKind.DROP, stream="aggTrade", probability=0.5
    )
    with pytest.raises(SettingsError, match="dorp"):
        fault_of_option("dorp,stream=aggTrade")
    with pytest.raises(SettingsError, match="chance"):
        fault_of_option("drop,chance=1")


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("drop,stream=aggTrad", "aggTrad"),
        ("drop,endpoint=klines", "endpoint"),
        ("http_429,stream=aggTrade", "stream"),
        ("drop,probability=5", "probability"),
        ("drop,probability=nan", "probability"),
        ("latency,value=nan", "value"),
        ("latency,value=inf", "value"),
        ("latency,value=-1", "value"),
        ("http_5xx,value=200", "value"),
        ("refused,value=1", "value"),
        ("auto_deleverage,endpoint=order", "endpoint"),
        ("child_first,stream=user", "stream"),
        ("drop,count=0", "count"),
        ("drop,seed=-1", "seed"),
        ("drop,seed=99999999999999999999", "seed"),
    ],
)
def test_a_fault_that_could_not_act_as_it_is_meant_is_refused(option: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        fault_of_option(option)


@pytest.mark.parametrize(
    "option",
    [
        *FaultKind,
        "timeout_after,endpoint=order,value=503",
        "lost_answer,endpoint=algoOrder",
        "refused,value=-2019,endpoint=order",
        "half_filled,endpoint=order",
        "maintenance,value=-1109,endpoint=algoOrder",
        "silence_with_pongs,stream=user",
        "disconnect,stream=user,value=1",
    ],
)
def test_a_fault_that_can_act_is_taken(option: str) -> None:
    assert fault_of_option(option).kind == option.partition(",")[0]


@pytest.mark.parametrize("kind", [FaultKind.SILENCE, FaultKind.SILENCE_WITH_PONGS])
def test_a_silence_ends_with_its_window(kind: FaultKind) -> None:
    scene = Scene(Fault(kind, end=datetime.fromtimestamp(5, UTC)))
    scene.send(1_000, 4_000, 5_000, 6_000)
    assert scene.heard() == [5_000, 6_000]


def test_a_silence_ends_when_the_faults_are_cleared() -> None:
    scene = Scene(Fault(FaultKind.SILENCE))
    scene.send(1_000)
    scene.faults.set(())
    scene.send(2_000)
    assert scene.heard() == [2_000]
