"""The exchange's time: offset from the middle of a request, median of several, never back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.exchange.exchange_clock import ExchangeClock, ServerClock

SECOND_US = 1_000_000
START_US = 1_800_000_000 * SECOND_US


class OwnClocks:
    """This machine's two clocks, moved by the test; the wall clock is `wrong_us` ahead of the exchange."""

    def __init__(self, wrong_us: int = 0) -> None:
        self.now_us = 0
        self.wrong_us = wrong_us

    def elapsed(self) -> int:
        return self.now_us

    def wall(self) -> int:
        return START_US + self.now_us + self.wrong_us


def asking(
    clocks: OwnClocks, trips_us: list[tuple[int, int]], speed: float
) -> Callable[[], Awaitable[ServerClock]]:
    """An exchange that is asked and answers with the given times there and back."""
    trips = iter(trips_us)

    async def ask() -> ServerClock:
        there, back = next(trips)
        clocks.now_us += there
        answer = ServerClock(START_US + int(clocks.now_us * speed), speed)
        clocks.now_us += back
        return answer

    return ask


def measured(
    wrong_us: int, trips: list[tuple[int, int]], speed: float = 1.0
) -> tuple[OwnClocks, ExchangeClock, float]:
    clocks = OwnClocks(wrong_us)
    clock = ExchangeClock(clocks.elapsed, clocks.wall)
    offset = asyncio.run(clock.measure(asking(clocks, trips, speed), len(trips)))
    return clocks, clock, offset.offset_ms


def test_a_clock_three_seconds_off_is_measured_to_the_half_round_trip() -> None:
    clocks, clock, offset_ms = measured(3 * SECOND_US, [(20_000, 20_000)] * 5)
    assert offset_ms == -3_000
    assert clock.now_us() == START_US + clocks.now_us


def test_a_slow_answer_among_five_does_not_move_the_offset() -> None:
    """Four answers take 20 ms there and back, one 20 ms there and 2 s back: its offset is off by 0.99 s."""
    *_, offset_ms = measured(0, [(20_000, 20_000), (20_000, 2_000_000), *[(20_000, 20_000)] * 3])
    assert offset_ms == 0


def test_a_simulated_exchange_runs_on_at_its_speed() -> None:
    clocks, clock, _ = measured(0, [(0, 0)] * 3, speed=60.0)
    clocks.now_us += SECOND_US
    assert clock.now_us() == START_US + 60 * SECOND_US


def test_at_the_highest_speed_time_is_what_is_heard() -> None:
    clocks, clock, _ = measured(0, [(0, 0)], speed=0.0)
    clocks.now_us += 100 * SECOND_US
    assert clock.now_us() == START_US
    clock.heard(START_US + 7)
    assert clock.now_us() == START_US + 7


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.integers(0, 10 * SECOND_US)),
            st.tuples(st.just("hear"), st.integers(-SECOND_US, SECOND_US)),
            st.tuples(st.just("measure"), st.integers(0, 500_000)),
        ),
        max_size=30,
    )
)
def test_time_never_goes_back_and_is_never_before_what_was_heard(steps: list[tuple[str, int]]) -> None:
    clocks, clock, _ = measured(0, [(0, 0)])
    told = heard = clock.now_us()
    for kind, value in steps:
        if kind == "pass":
            clocks.now_us += value
        elif kind == "hear":
            heard = max(heard, START_US + clocks.now_us + value)
            clock.heard(START_US + clocks.now_us + value)
        else:
            asyncio.run(clock.measure(asking(clocks, [(value, 0)], 1.0), 1))
        now = clock.now_us()
        assert now >= told
        assert now >= heard
        told = now


def test_the_own_clocks_agree_with_themselves() -> None:
    """Against an exchange that answers with this machine's own time at once, the offset is nothing."""
    clock = ExchangeClock()

    async def ask() -> ServerClock:
        return ServerClock(clock._wall_us(), 1.0)

    offset = asyncio.run(clock.measure(ask))
    assert abs(offset.offset_ms) < 50
    assert offset.round_trip_ms == pytest.approx(0, abs=50)
