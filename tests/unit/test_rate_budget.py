"""One budget for all processes: nothing beyond a limit, and no call before the time that a 429 names."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.errors import RetryError
from hydra.exchange.binance.client import LIMITS, WEIGHT, BinanceClient
from hydra.exchange.binance.rest import BinanceMarketData
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.hosts import hosts_at
from hydra.exchange.interface import Feed
from hydra.exchange.rate_budget import Blocked, Limit, RateBudget, waiting_time_s
from hydra.exchange.refusals import HttpAnswer
from tests.support.answering_exchange import answering_exchange, refusing
from tests.support.budget_callers import LIMIT, POOL, started

START = 1_800_000_000.0


class SetClock:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def budget_at(path: Path, limit: Limit, clock: Callable[[], float] = time.time) -> RateBudget:
    return RateBudget(path / "budget.json", "host", {POOL: limit}, share=1.0, clock=clock)


def wait_of(budget: RateBudget, weight: float = 1.0) -> float:
    """How long `take` would wait first; 0: it has taken."""
    return budget._try_to_take(POOL, weight)


def test_weight_beyond_the_limit_waits_until_the_oldest_has_left_the_window(tmp_path: Path) -> None:
    """Limit 10 in 60 s, slots of a second: 10 at second 0 leave at second 61."""
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(10, 60), clock)
    assert wait_of(budget, 10) == 0
    clock.now += 20
    assert wait_of(budget) == pytest.approx(41)
    clock.now += 41
    assert wait_of(budget, 10) == 0


@given(
    calls=st.lists(st.tuples(st.floats(0, 30, allow_nan=False), st.integers(1, 10)), min_size=1, max_size=60)
)
def test_no_window_ever_holds_more_than_the_limit(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[float, int]]
) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path_factory.mktemp("budget"), Limit(20, 60), clock)
    made: list[tuple[float, int]] = []
    for pause, weight in calls:
        clock.now += pause
        while (wait := wait_of(budget, weight)) > 0:
            clock.now += wait
        made.append((clock.now, weight))
    for end, _ in made:
        assert sum(weight for at, weight in made if end - 60 < at <= end) <= 20


def test_the_wait_is_none_where_there_is_room() -> None:
    assert waiting_time_s({}, Limit(10, 60), 10, START) == 0


def test_what_the_exchange_has_counted_beyond_own_calls_is_others_use(tmp_path: Path) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(100, 60), clock)
    assert wait_of(budget, 30) == 0
    budget.used(POOL, 80)
    assert wait_of(budget, 20) == 0
    assert wait_of(budget, 1) > 0
    budget.used(POOL, 10)
    assert wait_of(budget, 1) > 0, "a lower count takes nothing back"


def test_a_share_leaves_room_for_others(tmp_path: Path) -> None:
    low = RateBudget(tmp_path / "budget.json", "host", {POOL: Limit(100, 60)}, share=0.5, clock=SetClock())
    full = RateBudget(tmp_path / "budget.json", "host", {POOL: Limit(100, 60)}, share=1.0, clock=SetClock())
    assert wait_of(low, 50) == 0
    assert wait_of(low, 1) > 0
    assert wait_of(full, 50) == 0


@pytest.mark.parametrize(("speed", "wait_s"), [(1.0, 61), (60.0, 61 / 60), (0.0, 61 / 60)])
def test_a_simulated_exchange_counts_by_its_own_clock(tmp_path: Path, speed: float, wait_s: float) -> None:
    """At 60 exchange seconds a second its minute lasts one; at the highest speed it counts by the second."""
    budget = budget_at(tmp_path, Limit(10, 60), SetClock())
    budget.speed = speed
    assert wait_of(budget, 10) == 0
    assert wait_of(budget) == pytest.approx(wait_s)


def test_a_long_ban_is_an_error_that_says_until_when(tmp_path: Path) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(10, 60), clock)
    budget.block(418, 7_200)
    with pytest.raises(
        RetryError, match=r"host takes no call .* before 2027-01-15 10:00:00 UTC \(HTTP 418\)"
    ):
        asyncio.run(budget.take(POOL))
    clock.now += 7_200
    assert wait_of(budget) == 0
    assert budget.blocked() is None


def test_a_block_of_a_clock_that_was_years_ahead_ends_when_the_clock_is_set(tmp_path: Path) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(10, 60), clock)
    clock.now += 10 * 365 * 86_400
    budget.block(418, 600)
    assert budget.blocked() is not None
    clock.now = START
    assert (budget.blocked(), wait_of(budget)) == (None, 0)


def test_a_block_does_not_last_longer_because_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(10, 60), clock)
    budget.block(429, 60)
    clock.now -= 0.5
    assert wait_of(budget) == pytest.approx(60.5)
    clock.now -= 1_800
    assert (budget.blocked(), wait_of(budget)) == (None, 0)


def test_a_shorter_block_does_not_end_a_longer_one(tmp_path: Path) -> None:
    clock = SetClock()
    budget = budget_at(tmp_path, Limit(10, 60), clock)
    budget.block(418, 60)
    budget.block(429, 5)
    assert wait_of(budget) == pytest.approx(60)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"weight": ' + b" " * 20_000])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "budget.json").write_bytes(content)
    assert wait_of(budget_at(tmp_path, Limit(10, 60))) == 0


def test_processes_share_the_budget_and_a_killed_one_gives_nothing_back(tmp_path: Path) -> None:
    """Limit 100 a second: two processes want 100 each; one wants many more, and is killed with -9."""
    wanted = (10_000, 100, 100)
    processes = [
        started("take_many", tmp_path, count, f"times-{count}-{number}")
        for number, count in enumerate(wanted)
    ]
    while len(noted(tmp_path)) < 60:
        time.sleep(0.01)
    processes[0].kill()
    for process in processes:
        process.wait(60)
    made = noted(tmp_path)
    assert len(made) >= 200
    assert max(sum(end - 1 < at <= end for at in made) for end in made) <= LIMIT.most
    assert [process.returncode for process in processes] == [-signal.SIGKILL, 0, 0]


def noted(folder: Path) -> list[float]:
    """When calls were made, of all processes."""
    lines = (line for path in folder.glob("times-*") for line in path.read_text().splitlines())
    return sorted(map(float, lines))


def test_after_a_429_no_process_calls_before_its_time(tmp_path: Path) -> None:
    """Two processes call; one answer is 429 with Retry-After 1, and one is killed while both wait."""

    async def run() -> tuple[list[float], Blocked]:
        def answer(request: Any) -> Any:
            if len(exchange.asked) == 40:
                return refusing(429, {"code": -1003, "msg": "Too many."}, {"Retry-After": "1"})(request)
            return refusing(200, {"serverTime": 1_800_000_000_000})(request)

        async with answering_exchange(time=answer) as exchange:
            processes = [started("ask_until_killed", exchange.url, tmp_path) for _ in range(2)]
            budget = RateBudget(tmp_path / "budget.json", "host", LIMITS)
            async with asyncio.timeout(60):
                while (blocked := budget.blocked()) is None:
                    await asyncio.sleep(0.001)
                processes[0].kill()
                while exchange.asked[-1][0] < blocked.until:
                    await asyncio.sleep(0.01)
            for process in processes:
                process.kill()
                await asyncio.to_thread(process.wait)
            return [at for at, _, _ in exchange.asked], blocked

    asked, blocked = asyncio.run(run())
    # What the other process had under way when the 429 was noted may still arrive.
    assert sum(blocked.until - 1 < at < blocked.until for at in asked) <= 1
    assert any(blocked.until <= at < blocked.until + 2 for at in asked), "it goes on to the second"


def test_the_weight_header_fills_the_budget(tmp_path: Path) -> None:
    async def run() -> float:
        async with answering_exchange(time={"serverTime": 1_800_000_000_000}) as exchange:
            exchange.headers["X-MBX-USED-WEIGHT-1M"] = "2399"
            hosts = hosts_at(exchange.url)
            client = BinanceClient()
            budget = RateBudget(tmp_path / "budget.json", hosts.name, LIMITS)
            client.connect_to(hosts, budget)
            await BinanceMarketData(client, BINANCE, "production").server_time()
            await client.close()
            return budget._try_to_take(WEIGHT, 1)

    assert 55 < asyncio.run(run()) <= 61


def test_a_refused_stream_is_obeyed_like_a_refused_call(tmp_path: Path) -> None:
    async def run() -> Blocked | None:
        async with answering_exchange() as exchange:
            exchange.answers["/market/ws/1"] = refusing(429, "", {"Retry-After": "7"})
            hosts, client = hosts_at(exchange.url), BinanceClient()
            budget = RateBudget(tmp_path / "budget.json", hosts.name, LIMITS, clock=SetClock())
            client.connect_to(hosts, budget)
            market = BinanceMarketData(client, BINANCE, "production")
            with pytest.raises(RetryError, match="takes no more calls"):
                await market.listen("all", [Feed.TRADES], ["BTCUSDT"], lambda *_: None)
            await market.close()
            return budget.blocked()

    assert asyncio.run(run()) == Blocked(START + 7, 429)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (HttpAnswer(429, 0, "", 3.0), 3),
        (HttpAnswer(418, 0, "", None), 120),
        (HttpAnswer(429, 0, "", None), 60),
        (HttpAnswer(400, -1003, "Too many requests.", None), 60),
        (HttpAnswer(418, -1003, f"Way too much; IP banned until {int((START + 300) * 1000)}.", None), 300),
        (HttpAnswer(418, -1003, f"Way too much; IP banned until {int((START + 300) * 1000)}.", 5.0), 5),
        (HttpAnswer(400, -1021, "", None), None),
    ],
)
def test_the_time_that_is_told_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: HttpAnswer, seconds: float | None
) -> None:
    monkeypatch.setattr(time, "time", SetClock())
    client = BinanceClient()
    hosts = hosts_at("http://127.0.0.1:9")
    client.connect_to(hosts, RateBudget(tmp_path / "budget.json", hosts.name, LIMITS, clock=SetClock()))
    client.obey(answer)
    blocked = client.budget.blocked()
    assert (blocked and round(blocked.until - START)) == seconds


def test_calls_count_with_the_exchanges_weights(tmp_path: Path) -> None:
    """klines of 499 rows 2, depth of 1,000 levels 20, aggTrades 20; statistics and funding by the call."""

    async def run() -> dict[str, Any]:
        async with answering_exchange(klines=[], depth=[], aggTrades=[], fundingRate=[]) as exchange:
            exchange.answers["/futures/data/openInterestHist"] = []
            hosts, client = hosts_at(exchange.url), BinanceClient()
            client.connect_to(hosts, RateBudget(tmp_path / "budget.json", hosts.name, LIMITS))
            await client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "1m", "limit": 499})
            await client.fapiPublicGetDepth({"symbol": "BTCUSDT", "limit": 1000})
            await client.fapiPublicGetAggTrades({"symbol": "BTCUSDT"})
            await client.fapiPublicGetFundingRate({"symbol": "BTCUSDT"})
            await client.fapiDataGetOpenInterestHist({"symbol": "BTCUSDT", "period": "5m"})
            await client.close()
            state: dict[str, Any] = json.loads((tmp_path / "budget.json").read_bytes())
            return {pool: sum(slots.values()) for pool, slots in state.items()}

    assert asyncio.run(run()) == {"weight": 42, "funding": 1, "statistics": 1}
