"""What "no such order" proves, when the question and the order that it is about cross each other."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest

from hydra.errors import OutcomeUnknownError, RetryError
from hydra.exchange.account import LATEST_ARRIVAL_S
from hydra.execution import exchange_calls
from hydra.execution.calls import Ask, Call, Send
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.news import News, NotDone, NotFound, Unanswered
from hydra.layers.layer5_orders import entry_order
from hydra.trading.live_venue import LiveVenue
from hydra.trading.pair_state import planned_order
from tests.support.generated_facts import terms_of

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
PRICE: Final = Decimal("85.0")


class SlowAccount:
    """It knows no order; a call is answered when the test says how."""

    def __init__(self) -> None:
        self.questions: list[asyncio.Future[None]] = []
        self.orders: list[asyncio.Future[None]] = []

    async def place(self, _symbol: str, _plan: Any) -> None:
        """The call of an order hangs."""
        await self._hang(self.orders)

    async def order(self, _symbol: str, _client_order_id: str) -> None:
        """The question hangs; then there is no such order."""
        await self._hang(self.questions)

    async def _hang(self, calls: list[asyncio.Future[None]]) -> None:
        calls.append(asyncio.get_running_loop().create_future())
        await calls[-1]


class Crossing:
    """An entry, the calls about it, and this machine's clock, which the test moves."""

    def __init__(self) -> None:
        self.account = SlowAccount()
        self.time_us = 1_000_000
        key = LiveVenue(7, "test").key(1, NOW)
        plan = entry_order(key, 1, Decimal("2.945"), (PRICE, PRICE), terms_of((1,))[1].filters)
        self._order = planned_order(plan, key, PRICE, NOW)
        account: Any = self.account
        self._calls = ExchangeCalls(
            account, _no_prices, lambda: NOW, lambda _words: None, _began_us=self.time_us
        )

    async def ask(self) -> "asyncio.Task[News | None]":
        """The question is on its way."""
        return await self._begin(Ask(self._order))

    async def send(self) -> "asyncio.Task[News | None]":
        """The order is on its way."""
        return await self._begin(Send(self._order))

    async def _begin(self, call: Call) -> "asyncio.Task[News | None]":
        task = asyncio.ensure_future(self._calls.carry_out("LTCUSDT", call))
        await asyncio.sleep(0)
        self.time_us += 1
        return task

    def wait(self, seconds: float) -> None:
        """This machine's clock goes on."""
        self.time_us += int(seconds * 1_000_000)


async def _no_prices(_symbol: str) -> tuple[Decimal, Decimal]:
    return PRICE, PRICE


@pytest.fixture
def crossing(monkeypatch: pytest.MonkeyPatch) -> Crossing:
    made = Crossing()
    monkeypatch.setattr(exchange_calls, "elapsed_us", lambda: made.time_us)
    return made


async def asked_after(crossing: Crossing, waited_s: float) -> bool:
    """Whether "no such order" is final when it is asked for so late."""
    crossing.wait(waited_s)
    question = await crossing.ask()
    crossing.account.questions[0].set_result(None)
    answer = await question
    assert isinstance(answer, NotFound)
    return answer.is_final


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_awaited(scene), 10))


async def _awaited(scene: Callable[[], Awaitable[None]]) -> None:
    await scene()


def test_no_answer_counts_to_a_question_that_the_order_has_crossed(crossing: Crossing) -> None:
    async def scene() -> None:
        crossing.wait(60)
        question, order = await crossing.ask(), await crossing.send()
        crossing.account.orders[0].set_exception(RetryError("429"))
        assert isinstance(await order, NotDone)
        crossing.account.questions[0].set_result(None)
        assert await question is None

    play(scene)


@pytest.mark.parametrize(
    ("waited_s", "is_final"), [(LATEST_ARRIVAL_S - 0.1, False), (LATEST_ARRIVAL_S + 0.1, True)]
)
def test_an_order_never_came_once_no_call_can_arrive(
    crossing: Crossing, waited_s: float, *, is_final: bool
) -> None:
    async def scene() -> None:
        order = await crossing.send()
        crossing.account.orders[0].set_exception(OutcomeUnknownError("-1007"))
        assert isinstance(await order, Unanswered)
        assert await asked_after(crossing, waited_s) is is_final

    play(scene)


@pytest.mark.parametrize(("waited_s", "is_final"), [(1.0, False), (LATEST_ARRIVAL_S + 0.1, True)])
def test_what_a_killed_process_sent_may_arrive_a_while(
    crossing: Crossing, waited_s: float, *, is_final: bool
) -> None:
    async def scene() -> None:
        assert await asked_after(crossing, waited_s) is is_final

    play(scene)
