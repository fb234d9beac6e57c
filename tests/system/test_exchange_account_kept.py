"""The account of the simulated exchange outlives its exchange: kill -9, and again to the last id."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hydra.db.server.ports import choose_free
from hydra.paths import PROJECT_ROOT
from hydra.sim.exchange.private.account_file import own_account
from tests.support.served_account import BTC, AccountClient, exchange_of, keys_of, served_account
from tests.support.waiting import PATIENCE_S, soon


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


async def told(client: AccountClient) -> dict[str, Any]:
    """Everything that is told of the account."""
    paths = ("allOrders", "allAlgoOrders", "userTrades", "income")
    found = {path: (await client.ask("GET", path, symbol=BTC)).body for path in paths}
    for position in (await client.ask("GET", "/fapi/v3/positionRisk", symbol=BTC)).body:
        found |= {"amount": position["positionAmt"], "entry": position["entryPrice"]}
    balance = (await client.ask("GET", "/fapi/v3/balance")).body[0]
    return found | {"balance": balance["balance"]}


def test_kill_9_loses_nothing_of_the_account(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"
    own_account(account)

    async def trade(client: AccountClient) -> dict[str, Any]:
        terms = {"symbol": BTC, "quantity": "0.01"}
        bought = await client.ask("POST", "order", side="BUY", type="MARKET", **terms)
        assert bought.status == 200, bought.body
        stop = {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "80000", "closePosition": True}
        await client.ask("POST", "algoOrder", algoType="CONDITIONAL", symbol=BTC, clientAlgoId="s", **stop)
        limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "90000"}
        await client.ask("POST", "order", newClientOrderId="l", **limit, **terms)
        await client.ask("POST", "order", newClientOrderId="l", **limit, **terms)
        return await told(client)

    before = asyncio.run(killed_after(account, trade))
    assert len(before["allOrders"]) == 2
    assert asyncio.run(killed_after(account, told)) == before
    secret = keys_of(account)[1].encode()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != account]
    assert len(written) == 2
    assert not any(secret in path.read_bytes() for path in written)


def test_a_busy_account_with_faults_is_the_same_again_to_the_last_id(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"
    faults = [
        {"kind": "half_filled", "probability": 0.2, "seed": 1},
        {"kind": "expired", "probability": 0.1, "seed": 2},
        {"kind": "refused", "value": -2019, "probability": 0.1, "seed": 3},
        {"kind": "auto_deleverage", "probability": 0.02, "seed": 4},
        {"kind": "liquidation", "probability": 0.02, "seed": 5},
    ]

    async def trade() -> tuple[int, dict[str, Any]]:
        async with served_account(account, 120.0) as (exchange, client):
            await client.set_faults(*faults)
            for number in range(60):
                await one_order(client, number)
            exchange.clock.hold_until(exchange.clock.now_ms())
            await soon(lambda: exchange.clock.now_ms() - exchange.market.sent_ms < 1_000)
            return exchange.market.sent_ms, await told(client)

    async def again(reached_ms: int) -> dict[str, Any]:
        exchange = exchange_of(account)
        exchange.clock.hold_until(reached_ms)
        async with exchange.running() as port, aiohttp.ClientSession() as session:
            return await told(AccountClient(f"http://127.0.0.1:{port}", session, account))

    reached_ms, before = asyncio.run(trade())
    assert len(before["userTrades"]) > 20
    assert {order["status"] for order in before["allOrders"]} >= {"FILLED", "EXPIRED", "CANCELED"}
    assert asyncio.run(again(reached_ms)) == before


async def one_order(client: AccountClient, number: int) -> None:
    """One of four: at market, at the best price, a stop close by, a cancellation."""
    book = (await client.unsigned("GET", "/fapi/v1/depth", f"symbol={BTC}&limit=5")).body
    side, own, other = (("BUY", "bids", "asks"), ("SELL", "asks", "bids"))[number // 4 % 2]
    terms = {"symbol": BTC, "side": side}
    if number % 4 == 0:
        await client.ask("POST", "order", type="MARKET", quantity="0.004", **terms)
    elif number % 4 == 3:
        await client.ask("DELETE", "allOpenOrders", symbol=BTC)
        await client.ask("POST", "countdownCancelAll", symbol=BTC, countdownTime=30_000)
    elif number % 4 == 1:
        price = book[own if number % 8 < 4 else other][0][0]
        limit = {"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": "0.003"}
        await client.ask("POST", "order", **limit, **terms)
    else:
        trigger = Decimal(book[other][0][0]) + (2 if side == "BUY" else -2)
        stop = {"type": "STOP_MARKET", "triggerPrice": trigger, "quantity": "0.002"}
        await client.ask(
            "POST", "algoOrder", algoType="CONDITIONAL", clientAlgoId=f"s{number}", **stop, **terms
        )


async def killed_after(account: Path, act: Callable[[AccountClient], Any]) -> Any:
    """What `act` gives with an exchange in a process of its own, which is killed then."""
    port = choose_free()
    command = [sys.executable, "-m", "tests.support.served_account", str(account), str(port)]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=os.environ) as process:
        async with aiohttp.ClientSession() as session:
            client = AccountClient(f"http://127.0.0.1:{port}", session, account)
            deadline = time.monotonic() + PATIENCE_S
            while True:
                try:
                    await client.unsigned("GET", "/fapi/v1/ping")
                    break
                except aiohttp.ClientConnectionError:
                    assert process.poll() is None, "the exchange ended"
                    assert time.monotonic() < deadline, "the exchange does not answer"
                    await asyncio.sleep(0.05)
            found = await act(client)
        process.send_signal(signal.SIGKILL)
    return found
