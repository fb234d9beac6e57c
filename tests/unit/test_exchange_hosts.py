"""Which hosts are called, and that no others are."""

import asyncio
import socket
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest
from ccxt.base.decimal_to_precision import DECIMAL_PLACES, ROUND

from hydra.errors import SettingsError
from hydra.exchange.api_key import ApiKey
from hydra.exchange.binance.client import LIMITS, BinanceClient
from hydra.exchange.bybit.client import BybitClient
from hydra.exchange.connect import (
    SimulatedMarket,
    environment_of,
    hosts_of,
    market_data,
    simulated_market,
)
from hydra.exchange.hosts import HOSTS, Environment, foreign_urls, hosts_at
from hydra.exchange.interface import Feed
from hydra.exchange.rate_budget import RateBudget
from hydra.settings import Settings, load_settings
from tests.support.answering_exchange import answering_exchange

LOOPBACK = "http://127.0.0.1:8778"


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_ccxt_rounds_without_a_change_of_how_amounts_are_rounded_here(tmp_path: Path) -> None:
    """Its rounding turns half-even into half-up for the whole thread, and lets small results raise."""
    client = BinanceClient()
    with localcontext(Context()):
        client.connect_to(hosts_at(LOOPBACK), RateBudget(tmp_path / "budget.json", LOOPBACK, LIMITS, 1.0))
        assert client.decimal_to_precision("1234.5", ROUND, 0, DECIMAL_PLACES) == "1235"
        assert f"{Decimal('1234.5'):,.0f}" == "1,234"
        assert Decimal("1E-999999") / Decimal("1E+50") == 0


def test_one_setting_moves_rest_and_streams() -> None:
    hosts = hosts_of(settings(exchange_url="https://proxy.example/binance/"), "binance")
    assert (hosts.rest, hosts.stream) == ("https://proxy.example/binance", "wss://proxy.example/binance")
    assert hosts_at(LOOPBACK).stream == "ws://127.0.0.1:8778"


@pytest.mark.parametrize(
    ("name", "testnet", "environment", "rest"),
    [
        ("binance", True, Environment.DEMO, "https://demo-fapi.binance.com"),
        ("binance", False, Environment.PRODUCTION, "https://fapi.binance.com"),
        ("bybit", True, Environment.PRODUCTION, "https://api.bybit.com"),
        ("simulated", False, Environment.SIMULATED, LOOPBACK),
    ],
)
def test_each_environment_has_its_hosts(
    name: str, testnet: bool, environment: Environment, rest: str
) -> None:
    chosen = settings(binance_testnet=testnet)
    assert environment_of(chosen, name) is environment
    assert hosts_of(chosen, name).rest == rest


def test_the_practice_market_is_a_venue_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    venues = [
        market_data(settings(binance_testnet=testnet), name).capabilities.venue
        for name, testnet in (("binance", True), ("binance", False), ("bybit", True))
    ]
    assert venues == ["binance-demo", "binance", "bybit"]


@pytest.mark.parametrize("client", [BinanceClient, BybitClient])
def test_every_url_of_ccxt_is_moved(client: type[BinanceClient | BybitClient], tmp_path: Path) -> None:
    hosts = hosts_at(LOOPBACK)
    exchange = client()
    assert list(foreign_urls(exchange.urls["api"], hosts)), "ccxt's own hosts"
    exchange.connect_to(hosts, RateBudget(tmp_path / "budget.json", hosts.name, LIMITS))
    assert list(foreign_urls(exchange.urls["api"], hosts)) == []


def test_a_url_that_only_begins_like_the_host_is_foreign() -> None:
    hosts = hosts_at("http://127.0.0.1:87")
    assert list(foreign_urls({"x": "http://127.0.0.1:8778/fapi/v1"}, hosts)) == [
        "http://127.0.0.1:8778/fapi/v1"
    ]


def test_ccxt_knows_the_codes_of_usd_m_at_every_host_and_sends_none_of_its_prefixes() -> None:
    client = BinanceClient(ApiKey("key", "secret"))
    assert (client.options["broker"]["swap"], client.options["broker"]["future"]) == ("hydra-", "hydra-")
    assert client.options["fetchCurrencies"] is False
    assert client.get_exceptions_by_url(LOOPBACK, "exact")["-2019"].__name__ == "InsufficientFunds"


def test_a_simulated_exchange_names_its_venue_and_gets_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    market = {
        "venue": "simulated-exchange-7-abc",
        "speed": 60.0,
        "pairs": ["BTCUSDT"],
        "feeds": ["candles_1m", "liquidations"],
        "start": "2026-07-04T00:00:00Z",
    }

    async def run() -> tuple[str, str | None, float, SimulatedMarket]:
        async with answering_exchange() as exchange:
            exchange.answers["/hydra/market"] = market
            chosen = settings(exchange_url=exchange.url, binance_api_key="key", binance_api_secret="secret")
            data = await asyncio.to_thread(market_data, chosen, "simulated")
            told = await asyncio.to_thread(simulated_market, hosts_at(exchange.url))
            client = data._client  # type: ignore[attr-defined]  # what it would send
            return data.capabilities.venue, client.apiKey, client.budget.speed, told

    venue, key, speed, told = asyncio.run(run())
    assert (venue, key, speed) == ("simulated-exchange-7-abc", None, 60.0)
    feeds = frozenset({Feed.CANDLES, Feed.LIQUIDATIONS})
    start = datetime(2026, 7, 4, tzinfo=UTC)
    assert told == SimulatedMarket(venue, 60.0, ("BTCUSDT",), feeds, start, None)


def test_ccxts_streams_of_binance_have_the_routes_that_hydra_uses(tmp_path: Path) -> None:
    client, hosts = BinanceClient(), HOSTS["binance"][Environment.PRODUCTION]
    client.connect_to(hosts, RateBudget(tmp_path / "budget.json", hosts.name, LIMITS))
    assert client.get_ws_url("linear", "market") == f"{hosts.stream}/market/ws"


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8778", "ftp://host", "http://", "http://user:word@host", "http://host?a=b", "http://h:x"],
)
def test_a_wrong_url_is_refused_without_showing_it(url: str, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"EXCHANGE_URL={url}\n")
    with pytest.raises(
        SettingsError, match=r"EXCHANGE_URL: write it as http://HOST:PORT or https://HOST"
    ) as error:
        load_settings(path)
    assert "word" not in str(error.value)


def test_nothing_is_called_before_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was looked up"))
    market_data(settings(binance_testnet=False), "binance")
