"""The rate limits of the simulated exchange: what calls weigh, 429 and its wait, 418."""

import pytest

from hydra.sim.exchange.clock import SimulatedClock
from hydra.sim.exchange.refusals import Refusal
from hydra.sim.exchange.weights import Weights, weight_of

KLINES = "/fapi/v1/klines"
ADDRESS = "127.0.0.1"


class Wall:
    """A wall clock that the test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def limits(speed: float, wall: Wall, limit: int = 100) -> Weights:
    """A limit on a clock of this speed."""
    clock = SimulatedClock(0, speed, None, wall)
    clock.begin()
    weights = Weights(clock, limit)
    weights.wall_seconds = wall
    return weights


def refused(weights: Weights) -> Refusal:
    """The answer to a call that is one too many."""
    with pytest.raises(Refusal) as found:
        weights.take(ADDRESS, KLINES, {"limit": "1500"})
    return found.value


@pytest.mark.parametrize(
    ("path", "query", "weight"),
    [
        (KLINES, {"limit": "99"}, 1),
        (KLINES, {"limit": "100"}, 2),
        (KLINES, {}, 5),
        (KLINES, {"limit": "1500"}, 10),
        (KLINES, {"limit": "\u00b2"}, 5),
        (KLINES, {"limit": "9" * 5_000}, 5),
        ("/fapi/v1/markPriceKlines", {"limit": "1000"}, 5),
        ("/fapi/v1/depth", {"limit": "50"}, 2),
        ("/fapi/v1/depth", {"limit": "1000"}, 20),
        ("/fapi/v1/aggTrades", {"symbol": "BTCUSDT"}, 20),
        ("/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, 1),
        ("/fapi/v1/premiumIndex", {}, 10),
        ("/fapi/v1/ticker/24hr", {}, 40),
        ("/fapi/v1/exchangeInfo", {}, 1),
    ],
)
def test_a_call_weighs_what_the_exchange_says(path: str, query: dict[str, str], weight: int) -> None:
    assert weight_of(path, query) == weight


def test_beyond_the_limit_429_says_when_the_minute_is_over() -> None:
    wall = Wall()
    weights = limits(1.0, wall)
    for _ in range(10):
        weights.take(ADDRESS, KLINES, {"limit": "1500"})
    assert weights.used(ADDRESS) == 100
    wall.seconds += 45
    answer = refused(weights)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "15")
    wall.seconds += 15
    weights.take(ADDRESS, KLINES, {"limit": "1500"})
    assert weights.used(ADDRESS) == 10


def test_a_minute_of_a_faster_clock_is_shorter() -> None:
    wall = Wall()
    weights = limits(30.0, wall)
    for _ in range(10):
        weights.take(ADDRESS, KLINES, {"limit": "1500"})
    assert refused(weights).headers["Retry-After"] == "2"
    wall.seconds += 2
    weights.take(ADDRESS, KLINES, {"limit": "1500"})


def test_who_does_not_obey_429_is_banned_and_the_ban_ends() -> None:
    wall = Wall()
    weights = limits(1.0, wall)
    for _ in range(10):
        weights.take(ADDRESS, KLINES, {"limit": "1500"})
    assert [refused(weights).status for _ in range(6)] == [429] * 5 + [418]
    wall.seconds += 61
    answer = refused(weights)
    assert (answer.status, answer.headers["Retry-After"]) == (418, "59")
    wall.seconds += 60
    weights.take(ADDRESS, KLINES, {"limit": "1500"})


def test_one_address_does_not_use_the_weight_of_another() -> None:
    weights = limits(1.0, Wall())
    for _ in range(10):
        weights.take(ADDRESS, KLINES, {"limit": "1500"})
    weights.take("127.0.0.2", KLINES, {"limit": "1500"})


def test_statistics_have_a_limit_of_their_own() -> None:
    weights = limits(1.0, Wall(), limit=1)
    for _ in range(1_000):
        weights.take(ADDRESS, "/futures/data/openInterestHist", {})
    assert weights.used(ADDRESS) == 0
    with pytest.raises(Refusal):
        weights.take(ADDRESS, "/futures/data/openInterestHist", {})
