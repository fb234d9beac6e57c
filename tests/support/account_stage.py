"""A served account that tests trade on one after another, and what its user stream tells."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from hydra.sim.exchange.server import Exchange
from tests.support.served_account import BTC, AccountClient
from tests.support.waiting import PATIENCE_S

Heard = list[dict[str, Any]]


class Stage:
    """One exchange for many tests: its loop runs while a test runs."""

    def __init__(self, runner: asyncio.Runner, exchange: Exchange, client: AccountClient) -> None:
        self._runner, self.exchange, self.client = runner, exchange, client
        self._number = 0

    def run(self, act: Callable[["Stage"], Awaitable[None]]) -> None:
        """Run a test, then leave the account flat, without orders and faults."""

        async def whole() -> None:
            try:
                await asyncio.wait_for(act(self), PATIENCE_S)
            finally:
                await self._clear()

        self._runner.run(whole())

    async def _clear(self) -> None:
        await self.client.set_faults()
        self.client.offset_ms = 0
        await clear_account(self.client)

    async def amount(self) -> Decimal:
        """The position."""
        return await amount_held(self.client)

    async def market(self, side: str, quantity: str = "0.01", **more: Any) -> Any:
        """POST order, MARKET."""
        self._number += 1
        more = {"newClientOrderId": f"m-{self._number}", "newOrderRespType": "RESULT"} | more
        return await self.client.ask(
            "POST", "order", symbol=BTC, side=side, type="MARKET", quantity=quantity, **more
        )

    async def best(self, side: str) -> Decimal:
        """The best price of bids or asks."""
        book = (await self.client.unsigned("GET", "/fapi/v1/depth", f"symbol={BTC}&limit=5")).body
        return Decimal(book[side][0][0])

    async def limit(self, side: str, price: Decimal, **more: Any) -> Any:
        """POST order, LIMIT, of 0.01."""
        self._number += 1
        more = {"newClientOrderId": f"l-{self._number}", "timeInForce": "GTC"} | more
        terms = {"symbol": BTC, "side": side, "type": "LIMIT", "quantity": "0.01", "price": price}
        return await self.client.ask("POST", "order", **terms, **more)

    async def stop(self, trigger: Decimal, **more: Any) -> Any:
        """POST algoOrder: a stop that closes a long."""
        self._number += 1
        terms = {
            "symbol": BTC,
            "side": "SELL",
            "type": "STOP_MARKET",
            "triggerPrice": trigger.quantize(Decimal("0.1")),
        }
        more = {"clientAlgoId": f"s-{self._number}", "closePosition": True} | more
        return await self.client.ask("POST", "algoOrder", algoType="CONDITIONAL", **terms, **more)

    async def found(self, client_id: str) -> Any:
        """GET order."""
        return await self.client.ask("GET", "order", symbol=BTC, origClientOrderId=client_id)

    async def listening(self, events: str | None = None) -> Heard:
        """A user stream."""
        heard: Heard = []
        key = (await self.client.unsigned("POST", "listenKey")).body["listenKey"]
        named = "" if events is None else f"&events={events}"
        await self.client.listen(heard, f"listenKey={key}{named}")
        return heard


def of_kind(heard: Heard, kind: str) -> Heard:
    return [one for one in heard if one["e"] == kind]


def in_state(heard: Heard, state: str) -> Heard:
    return [one for one in of_kind(heard, "ORDER_TRADE_UPDATE") if one["o"]["X"] == state]


async def amount_held(client: AccountClient) -> Decimal:
    """The position in BTC."""
    rows = (await client.ask("GET", "/fapi/v3/positionRisk", symbol=BTC)).body
    return Decimal(rows[0]["positionAmt"]) if rows else Decimal(0)


async def clear_account(client: AccountClient) -> None:
    """Leave the account flat in BTC and without orders."""
    await client.ask("DELETE", "allOpenOrders", symbol=BTC)
    await client.ask("DELETE", "algoOpenOrders", symbol=BTC)
    amount = await amount_held(client)
    if amount:
        side = "SELL" if amount > 0 else "BUY"
        terms = {"side": side, "type": "MARKET", "quantity": abs(amount), "reduceOnly": True}
        await client.ask("POST", "order", symbol=BTC, **terms)
