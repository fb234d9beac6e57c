"""The simulated exchange's account through unmodified ccxt: a whole trade, the refusals, the keys."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hydra.sim.exchange.private.account_file import own_account
from hydra.sim.exchange.server import Exchange
from tests.support.plain_ccxt import plain_ccxt
from tests.support.served_account import BTC, AccountClient, keys_of, served_account
from tests.support.waiting import PATIENCE_S, soon

SYMBOL = "BTC/USDT:USDT"
TRIGGER = {"trigger": True}


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))


def test_a_trade_from_its_entry_to_its_end_through_unmodified_ccxt(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"

    async def run() -> None:
        async with (
            served_account(account) as (exchange, client),
            plain_ccxt(client.url, *keys_of(account)) as unmodified,
        ):
            await asyncio.wait_for(Trade(exchange, unmodified).play(), PATIENCE_S)

    asyncio.run(run())


class Trade:
    """Proof that the calls of a trading system fit together."""

    def __init__(self, exchange: Exchange, client: Any) -> None:
        self._exchange, self._client = exchange, client
        self._orders: list[Any] = []
        self._positions: list[Any] = []
        self._balances: list[Any] = []

    async def play(self) -> None:
        client = self._client
        await client.load_markets()
        assert (await client.fetch_balance())["USDT"]["total"] == 5_000
        await client.set_margin_mode("isolated", SYMBOL)
        await client.set_leverage(10, SYMBOL)
        with pytest.raises(ccxt.MarginModeAlreadySet):
            await client.set_margin_mode("isolated", SYMBOL)
        watching = [asyncio.ensure_future(self._watch(name)) for name in ("orders", "positions", "balance")]
        book, trades = await asyncio.gather(client.watch_order_book(SYMBOL), client.watch_trades(SYMBOL))
        assert book["bids"][0][0] < book["asks"][0][0]
        assert trades
        try:
            await self._enter(book["bids"][0][0])
            await self._protect()
            await self._end()
        finally:
            for one in watching:
                one.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def _watch(self, what: str) -> None:
        heard = {"orders": self._orders, "positions": self._positions, "balance": self._balances}[what]
        while True:
            told = await getattr(self._client, f"watch_{what}")()
            heard.extend(told if isinstance(told, list) else [told])

    async def _enter(self, best_bid: float) -> None:
        """A post-only order at the best bid that the market fills."""
        client = self._client
        below = round(best_bid * 0.99, 1)
        placed = await client.create_order(SYMBOL, "limit", "buy", 0.02, below, {"postOnly": True})
        await client.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.01, best_bid)
        assert (placed["status"], placed["average"], placed["postOnly"]) == ("open", None, True)
        assert [one["id"] for one in await client.fetch_open_orders(SYMBOL)] == [placed["id"]]
        await self._quickly(lambda: self._is_told(placed["id"], "closed"))
        assert (await client.fetch_order(placed["id"], SYMBOL))["average"] == best_bid
        (trade,) = await client.fetch_my_trades(SYMBOL)
        assert (trade["takerOrMaker"], trade["fee"]["cost"]) == (
            "maker",
            pytest.approx(best_bid * 0.01 * 0.0002),
        )
        await soon(lambda: any(one["contracts"] == 0.01 for one in self._positions))
        await soon(lambda: any(one["USDT"]["total"] < 5_000 for one in self._balances))

    async def _protect(self) -> None:
        """Stop and target as conditional orders; the target is cancelled."""
        client = self._client
        (position,) = await client.fetch_positions()
        assert (position["side"], position["marginMode"], position["contracts"]) == ("long", "isolated", 0.01)
        (detailed,) = await client.fetch_positions(params={"useV2": True})
        assert detailed["leverage"] == 10
        price = position["entryPrice"]
        whole = {"closePosition": True, "clientOrderId": "target-1"}
        target = await client.create_order(
            SYMBOL, "market", "sell", None, None, {"takeProfitPrice": price * 1.05, **whole}
        )
        for _ in range(20):
            mark = (await client.fetch_mark_price(SYMBOL))["markPrice"]
            try:
                stop = await client.create_order(
                    SYMBOL,
                    "market",
                    "sell",
                    0.01,
                    None,
                    {"stopLossPrice": mark * 0.9999, "clientOrderId": "stop-1", "reduceOnly": True}
                    | {"workingType": "MARK_PRICE"},
                )
                break
            except ccxt.OrderImmediatelyFillable:
                continue
        listed = await client.fetch_open_orders(SYMBOL, params=TRIGGER)
        assert {one["id"] for one in listed} == {target["id"], stop["id"]}
        with pytest.raises(ccxt.OrderNotFound, match="-2013"):
            await client.fetch_order(target["id"], SYMBOL, TRIGGER)
        assert (await client.cancel_order(target["id"], SYMBOL, TRIGGER))["status"] is None
        assert (await client.fetch_open_orders(SYMBOL)) == []
        await self._quickly(lambda: self._is_told(stop["id"], "closed", "FINISHED"))
        child = (await client.fetch_orders(SYMBOL))[-1]
        assert (child["clientOrderId"], child["status"], child["reduceOnly"]) == ("stop-1", "closed", True)
        (finished,) = [
            one for one in await client.fetch_orders(SYMBOL, params=TRIGGER) if one["id"] == stop["id"]
        ]
        assert finished["info"]["actualOrderId"] == child["id"]

    async def _end(self) -> None:
        """Flat; the income adds up to the balance."""
        client = self._client
        assert await client.fetch_positions() == []
        for store in ({}, TRIGGER):
            await client.cancel_all_orders(SYMBOL, store)
        income = [Decimal(one["info"]["income"]) for one in await client.fetch_ledger()]
        wallet = Decimal((await client.fetch_balance())["info"]["totalWalletBalance"])
        assert wallet - 5_000 == sum(income)
        assert (await client.fetch_trading_fee(SYMBOL))["taker"] == 0.0005
        assert (await client.fetch_leverage(SYMBOL))["longLeverage"] == 10
        assert not (await client.fetch_position_mode(SYMBOL))["hedged"]
        assert (await client.fetch_market_leverage_tiers(SYMBOL))[0]["maxLeverage"] >= 100

    def _is_told(self, order_id: str, status: str, raw: str | None = None) -> bool:
        return any(
            one["id"] == order_id and one["status"] == status and raw in {None, one["info"]["X"]}
            for one in self._orders
        )

    async def _quickly(self, condition: Callable[[], bool]) -> None:
        """Let the market run fast until then."""
        self._exchange.clock.set_speed(600)
        try:
            await soon(condition)
        finally:
            self._exchange.clock.set_speed(1)
            await self._client.load_time_difference()


def test_every_refusal_has_its_number_in_the_text_and_its_class(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"

    async def run() -> None:
        async with (
            served_account(account) as (_, client),
            plain_ccxt(client.url, *keys_of(account)) as unmodified,
        ):
            await unmodified.load_markets()
            for error, code, fault, act in refusals(unmodified):
                await client.set_faults(*([fault] if fault else []))
                told = await refused(act)
                assert type(told) is error, (code, told)
                assert code in str(told)

    asyncio.run(run())


async def refused(act: Callable[[], Any]) -> Exception | None:
    """What a call raises."""
    try:
        await act()
    except ccxt.BaseError as error:
        told: Exception = error
        return told
    return None


def refusals(client: Any) -> list[tuple[type[Exception], str, Any, Callable[[], Any]]]:
    """Class, number, fault and call of what section 4 of the facts on ccxt lists."""

    def order(kind: str, side: str, amount: float, price: float | None, **more: Any) -> Callable[[], Any]:
        return lambda: client.create_order(SYMBOL, kind, side, amount, price, more)

    def raw(name: str, **sent: Any) -> Callable[[], Any]:
        return lambda: getattr(client, f"fapiPrivate{name}")({"symbol": BTC, **sent})

    def refusing(code: int) -> dict[str, Any]:
        return {"kind": "refused", "value": code}

    buy = order("limit", "buy", 0.01, 90_000)
    sell = order("market", "sell", 0.01, None, reduceOnly=True)
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "90000"}
    return [
        (ccxt.InsufficientFunds, "-2019", None, order("market", "buy", 100, None)),
        (ccxt.InvalidOrder, "-2022", None, sell),
        (ccxt.OrderNotFillable, "-5022", None, order("limit", "buy", 0.01, 110_000, postOnly=True)),
        (ccxt.OrderNotFillable, "-5021", None, order("limit", "buy", 0.01, 90_000, timeInForce="FOK")),
        (
            ccxt.OrderImmediatelyFillable,
            "-2021",
            None,
            order("market", "sell", 0.01, None, stopLossPrice=110_000),
        ),
        (ccxt.InvalidOrder, "-4164", None, order("limit", "buy", 0.001, 40_000)),
        (ccxt.InvalidOrder, "-4120", None, raw("PostOrder", side="SELL", type="STOP_MARKET", stopPrice="1")),
        (ccxt.BadRequest, "-4016", None, order("limit", "buy", 0.01, 200_000)),
        (ccxt.BadRequest, "-1111", None, raw("PostOrder", **{**limit, "quantity": "0.01234"})),
        (ccxt.BadRequest, "-1102", None, raw("PostOrder", side="BUY", type="LIMIT", quantity="0.01")),
        (ccxt.BadRequest, "-1104", None, raw("PostOrder", **limit, stopLoss="80000")),
        (ccxt.BadRequest, "-1130", None, raw("PostOrder", **limit, reduceOnly="perhaps")),
        (ccxt.BadSymbol, "-1121", None, raw("GetOpenOrders", symbol="NOSUCHUSDT")),
        (ccxt.OrderNotFound, "-2011", None, lambda: client.cancel_order("1", SYMBOL)),
        (ccxt.OrderNotFound, "-2013", None, lambda: client.fetch_order("1", SYMBOL)),
        (ccxt.BadRequest, "-4028", None, raw("PostLeverage", leverage=126)),
        (ccxt.AuthenticationError, "-1022", None, lambda: client.create_orders([_plain_limit()])),
        (ccxt.InvalidOrder, "-4116", refusing(-4116), buy),
        (ccxt.OperationRejected, "-4118", refusing(-4118), sell),
        (ccxt.OperationFailed, "-1008", refusing(-1008), buy),
        (ccxt.InvalidNonce, "-1021", {"kind": "bad_timestamp"}, buy),
        (ccxt.RequestTimeout, "-1007", {"kind": "timeout_after"}, buy),
        (ccxt.RequestTimeout, "-1007", {"kind": "timeout_before", "value": 503}, buy),
        (ccxt.ExchangeError, "Unknown error", {"kind": "unknown_after"}, buy),
        (ccxt.ExchangeNotAvailable, "", {"kind": "lost_answer"}, buy),
        (ccxt.DDoSProtection, "-1003", {"kind": "http_429"}, buy),
        (ccxt.DDoSProtection, "-1003", {"kind": "http_418"}, buy),
        (ccxt.ExchangeNotAvailable, "503", {"kind": "http_5xx"}, buy),
        (ccxt.ExchangeNotAvailable, "239999", {"kind": "maintenance_bare"}, buy),
    ]


def _plain_limit() -> dict[str, Any]:
    return {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": 90_000}


def test_keys_of_both_kinds_and_the_limits_of_orders(tmp_path: Path) -> None:
    account = tmp_path / "account.toml"
    own_account(account)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with account.open("a") as file:
        file.write(f"\n[[keys]]\napi_key = \"ed25519key\"\npublic_key = '''\n{public}'''\n")
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    async def run() -> None:
        async with served_account(account) as (_, client):
            async with plain_ccxt(client.url, "ed25519key", secret) as recommended:
                assert (await recommended.fetch_balance())["USDT"]["total"] == 5_000
            unknown = await client.unsigned(
                "GET", "/fapi/v3/account", "timestamp=1&signature=1", key="unknown"
            )
            malformed = await client.unsigned("GET", "/fapi/v3/account", "timestamp=1", key="no key")
            assert (unknown.status, unknown.code, malformed.code) == (401, -2015, -2014)
            await limits(client)

    async def limits(client: AccountClient) -> None:
        terms = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
        first = await client.ask("POST", "order", **terms, price="90000")
        assert (first.headers["X-MBX-ORDER-COUNT-10S"], first.headers["X-MBX-ORDER-COUNT-1M"]) == ("1", "1")
        used = [
            int(one.headers["X-MBX-USED-WEIGHT-1M"]) for one in (first, await client.ask("GET", "openOrders"))
        ]
        assert used[1] - used[0] == 40 + 1
        clock = (await client.unsigned("GET", "/fapi/v1/time")).body["serverTime"]
        answers = await asyncio.gather(
            *(client.at(clock, "POST", "order", **terms, price="1") for _ in range(310))
        )
        refused = [one for one in answers if one.code == -1015]
        assert refused
        assert refused[0].status == 429
        assert 1 <= int(refused[0].headers["Retry-After"]) <= 10

    asyncio.run(run())
