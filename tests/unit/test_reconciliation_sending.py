"""An order of reconciliation whose outcome nobody knows: when it is sent again."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from hydra.domain import OrderRole, OrderType
from hydra.errors import OutcomeUnknownError
from hydra.exchange.account import LATEST_ARRIVAL_S
from hydra.layers.layer5_orders import OrderPlan
from hydra.reconciliation import sending

STOP = OrderPlan("hy-1", OrderRole.STOP, OrderType.STOP_MARKET, False, Decimal(1), True, None, Decimal(9))
EXIT = OrderPlan("hy-2", OrderRole.EXIT, OrderType.MARKET, False, Decimal(1), reduce_only=True)


class Account:
    """The first call is lost; the second arrives. Notes when each is made."""

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.placed = clock, list[float]()

    async def place(self, _symbol: str, _plan: OrderPlan) -> str:
        self.placed.append(self.clock[0])
        if len(self.placed) == 1:
            raise OutcomeUnknownError("lost")
        return "there"

    async def order(self, _symbol: str, _client_id: str) -> None:
        """It is not there."""

    conditional_order = order


@pytest.mark.parametrize(("plan", "least_s"), [(STOP, 0.0), (EXIT, LATEST_ARRIVAL_S)])
def test_an_exit_is_sent_again_only_when_the_first_call_cannot_arrive_any_more(
    plan: OrderPlan, least_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    account: Any = Account(clock)
    asyncio.run(sending.send(account, "BTCUSDT", plan))
    first, second = account.placed
    assert least_s <= second - first <= max(least_s, 1.0)
