"""Keys on the wire: Ed25519 signs as HMAC does, orders count for their limits, no secret is logged."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hydra.domain import OrderRole, OrderState, OrderType
from hydra.errors import StopError
from hydra.exchange.account import StreamBegan, StreamEnded
from hydra.exchange.api_key import ApiKey, binance_key
from hydra.exchange.binance.account import BinanceAccount
from hydra.exchange.binance.calls import Calls
from hydra.exchange.binance.client import LIMITS, BinanceClient
from hydra.exchange.binance.user_stream import UserStream
from hydra.exchange.hosts import hosts_at
from hydra.exchange.rate_budget import RateBudget
from hydra.layers.layer5_orders import OrderPlan
from hydra.settings import Settings
from tests.support.served_account import BTC, exchange_of, served_account
from tests.support.waiting import soon

LIFE_HOURS = 0.6
QUICKLY = 3_600.0


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


@asynccontextmanager
async def account_with(key: ApiKey, url: str, folder: Path) -> AsyncIterator[BinanceAccount]:
    hosts, client = hosts_at(url), BinanceClient(key)
    client.connect_to(hosts, RateBudget(folder / "budget.json", hosts.name, LIMITS))
    account = BinanceAccount(client, "simulated", LIFE_HOURS)
    try:
        yield account
    finally:
        await account.close()


def buying(number: int) -> OrderPlan:
    return OrderPlan(f"hy-{number}", OrderRole.ENTRY, OrderType.MARKET, True, Decimal("0.01"), False)


def ed25519(folder: Path) -> tuple[ApiKey, Path]:
    """A key as its owner's settings give it, and the exchange's file, which holds the public half alone."""
    private = Ed25519PrivateKey.generate()
    secret = folder / "private.pem"
    secret.touch(0o600)
    secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = folder / "account.toml"
    account.touch(0o600)
    account.write_text(f"[[keys]]\napi_key = 'a1b2'\npublic_key = '''{public}'''\n")
    key = binance_key(
        Settings.model_validate({"binance_api_key": "a1b2", "binance_api_secret_file": str(secret)})
    )
    assert key is not None
    return key, account


def test_an_ed25519_key_trades_and_another_one_does_not(tmp_path: Path) -> None:
    key, path = ed25519(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = ed25519(tmp_path / "other")

    async def run() -> None:
        async with served_keys(path) as url:
            async with account_with(key, url, tmp_path) as account:
                assert (await account.place(BTC, buying(1))).state is OrderState.FILLED
                (held,) = await account.positions()
                assert held.quantity == Decimal("0.01")
            async with account_with(other, url, tmp_path) as account:
                with pytest.raises(StopError, match="does not accept the signature"):
                    await account.place(BTC, buying(2))

    asyncio.run(run())


@asynccontextmanager
async def served_keys(path: Path) -> AsyncIterator[str]:
    """An exchange with the account of a file that holds no secret."""
    async with exchange_of(path).running() as port:
        yield f"http://127.0.0.1:{port}"


def test_nothing_of_a_key_or_a_signature_is_logged_at_any_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "account.toml"

    async def run() -> tuple[str, str]:
        async with (
            served_account(path) as (_, client),
            account_with(ApiKey(client.key, client.secret), client.url, tmp_path) as account,
        ):
            await account.place(BTC, buying(1))
            return client.key, client.secret

    with caplog.at_level(logging.DEBUG):
        key, secret = asyncio.run(run())
    for word in (key, secret, "signature="):
        assert word not in caplog.text


def test_orders_count_for_both_limits_of_orders_as_the_exchange_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "account.toml"

    async def run() -> dict[str, float]:
        async with (
            served_account(path) as (_, client),
            account_with(ApiKey(client.key, client.secret), client.url, tmp_path) as account,
        ):
            # By another program of this account.
            await client.ask("POST", "order", symbol=BTC, side="BUY", type="MARKET", quantity="0.01")
            await account.place(BTC, buying(1))
            return {limit.what: limit.most - limit.left for limit in account.limits()}

    used = asyncio.run(run())
    assert (used["orders in 10 s"], used["orders a minute"]) == (2, 2)
    assert used["weight a minute"] >= 1


def test_the_user_stream_ends_before_its_life_does_and_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "account.toml"

    async def run() -> tuple[list[Any], int]:
        heard: list[Any] = []
        async with (
            served_account(path, QUICKLY) as (_, client),
            account_with(ApiKey(client.key, client.secret), client.url, tmp_path) as account,
        ):
            stream = UserStream(Calls(account._client), LIFE_HOURS)
            await asyncio.wait_for(stream.hold(heard.append), 60)
            before = len(heard)
            await account.place(BTC, buying(1))
            await soon(lambda: len(heard) > before)
            await stream.close()
            return heard, before

    heard, before = asyncio.run(run())
    assert (heard[0], before) == (StreamBegan(), 1)
    assert not any(isinstance(event, StreamEnded) for event in heard)
