"""Every refusal is one sentence, and its type says what to do."""

import asyncio
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.api_key import ApiKey
from hydra.exchange.binance.client import LIMITS, BinanceClient
from hydra.exchange.binance.rest import BinanceMarketData
from hydra.exchange.capabilities import BINANCE
from hydra.exchange.connect import market_data
from hydra.exchange.hosts import hosts_at
from hydra.exchange.interface import Feed
from hydra.exchange.rate_budget import RateBudget
from hydra.exchange.refusals import answer_of
from hydra.settings import Settings
from tests.support.answering_exchange import answering_exchange, refusing

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC)


def market_at(url: str, folder: Path, key: ApiKey | None = None) -> BinanceMarketData:
    hosts = hosts_at(url)
    client = BinanceClient(key)
    client.connect_to(hosts, RateBudget(folder / "budget.json", hosts.name, LIMITS))
    return BinanceMarketData(client, BINANCE, "production")


async def refused(url: str, folder: Path) -> HydraError:
    market = market_at(url, folder)
    try:
        await market.order_book("BTCUSDT")
    except HydraError as error:
        return error
    finally:
        await market.close()
    raise AssertionError("it was not refused")


async def refused_with(folder: Path, reply: Any) -> HydraError:
    async with answering_exchange(depth=reply) as exchange:
        return await refused(exchange.url, folder)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("5", 5.0), (" 7 ", 7.0), ("1.5", 1.5), ("0", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
    + [
        (told, None) for told in ("", "-1", "soon", "²", "nan", "inf", "9" * 400, f"1 Jan {10**20} 00:00 GMT")
    ],
)
def test_a_time_to_wait_is_read_where_one_is_told(told: str, seconds: float | None) -> None:
    assert answer_of(418, {"Retry-After": told}, "", None).retry_after_s == seconds


def test_a_time_to_wait_may_be_told_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = answer_of(418, {"retry-after": date}, "", None).retry_after_s
    assert seconds == pytest.approx(3_600, abs=5)


def code(number: int) -> dict[str, Any]:
    return {"code": number, "msg": "The words of the exchange."}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, code(-1121), BadDataError, "does not list this symbol (-1121: The words of the exchange.)"),
        (400, code(-1021), RetryError, "the time of the request is off"),
        (401, code(-2014), StopError, "does not accept the API key"),
        (401, code(-2015), StopError, "does not accept the API key"),
        (400, code(-1022), StopError, "does not accept the signature"),
        (400, code(-4164), StopError, "refuses the request (-4164: The words of the exchange.)"),
        (400, code(-1003), RetryError, "takes no more calls for now"),
        (503, code(-1008), RetryError, "overload or maintenance (-1008"),
        (503, code(-1), RetryError, "overload or maintenance (HTTP 503"),
        (
            200,
            {"239999": "System upgrading"},
            RetryError,
            "overload or maintenance (239999: System upgrading",
        ),
        (503, "<html>Maintenance</html>", RetryError, "overload or maintenance (HTTP 503: <html>Maintenance"),
        (502, "", RetryError, "overload or maintenance (HTTP 502"),
        (403, "<html>Forbidden</html>", StopError, "its firewall or the region forbids it"),
        (451, "Unavailable", StopError, "does not serve the country of this address"),
        (404, "<html>nginx</html>", StopError, "answers, but not as this exchange does"),
        (200, "<html>Welcome</html>", StopError, "answers, but not as this exchange does"),
        (200, "", RetryError, "answered with nothing"),
        (429, code(-1003), RetryError, "takes no more calls for now (HTTP 429, -1003"),
        (418, code(-1003), RetryError, "takes no more calls for now (HTTP 418, -1003"),
    ],
)
def test_an_answer_that_refuses(
    tmp_path: Path, status: int, body: Any, kind: type[HydraError], words: str
) -> None:
    error = asyncio.run(refused_with(tmp_path, refusing(status, body)))
    assert type(error) is kind
    assert words in str(error)
    assert "\n" not in str(error)


def test_words_of_the_exchange_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    error = asyncio.run(
        refused_with(tmp_path, refusing(400, {"code": -4000, "msg": "\x1b[2J" + "long " * 100}))
    )
    assert "\\x1b[2J" in str(error)
    assert len(str(error)) < 320


def test_a_host_that_nobody_serves(tmp_path: Path) -> None:
    error = asyncio.run(refused("http://127.0.0.1:9", tmp_path))
    assert type(error) is RetryError
    assert "127.0.0.1:9 cannot be reached (" in str(error)


def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    error = asyncio.run(refused("http://no-such-host.invalid", tmp_path))
    assert type(error) is RetryError
    assert "no-such-host.invalid cannot be found" in str(error)


def test_a_host_that_does_not_answer(tmp_path: Path) -> None:
    async def run() -> HydraError:
        async def late(_request: Any) -> Any:
            await asyncio.sleep(1)

        async with answering_exchange(depth=late) as exchange:
            market = market_at(exchange.url, tmp_path)
            market._client.timeout = 200
            try:
                await market.order_book("BTCUSDT")
            except HydraError as error:
                return error
            finally:
                await market.close()
            raise AssertionError("it answered")

    error = asyncio.run(run())
    assert type(error) is RetryError
    assert "does not answer in time" in str(error)


def test_a_connection_that_breaks_off(tmp_path: Path) -> None:
    async def run() -> HydraError:
        async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await refused(f"http://127.0.0.1:{port}", tmp_path)

    error = asyncio.run(run())
    assert type(error) is RetryError
    assert "broke off" in str(error)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that no one trusts."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout KEY -out CERT"
    parts = command.replace("KEY", str(path)).replace("CERT", str(path.with_name("cert.pem"))).split()
    subprocess.run(["/usr/bin/openssl", *parts], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_name("cert.pem").read_text())
    return path


PROTOCOL_VERSION_ALERT = bytes([21, 3, 1, 0, 2, 2, 70])
"""What a server that knows only old TLS answers to a greeting of TLS 1.2."""


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (PROTOCOL_VERSION_ALERT, StopError, "a version of TLS that is too old"),
        (None, RetryError, "its TLS may be too old"),
    ],
)
def test_a_host_with_old_tls(tmp_path: Path, said: bytes | None, kind: type[HydraError], words: str) -> None:
    async def run() -> HydraError:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            if said:
                writer.write(said)
                writer.close()
            else:
                writer.transport.abort()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            return await refused(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", tmp_path)

    error = asyncio.run(run())
    assert type(error) is kind
    assert words in str(error)


def test_a_certificate_that_is_not_trusted(tmp_path: Path, certificate: Path) -> None:
    async def run() -> HydraError:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        async with answering_exchange(context) as exchange:
            return await refused(exchange.url, tmp_path)

    error = asyncio.run(run())
    assert type(error) is StopError
    assert "a certificate that this machine does not trust" in str(error)


def test_https_to_a_host_without_tls(tmp_path: Path) -> None:
    async def run() -> HydraError:
        async with answering_exchange() as exchange:
            return await refused(exchange.url.replace("http:", "https:"), tmp_path)

    error = asyncio.run(run())
    assert type(error) is StopError
    assert "does not speak TLS" in str(error)


def test_a_signed_request_that_is_late_is_sent_again_with_the_exchanges_time(tmp_path: Path) -> None:
    """The first answer is -1021; the clock is measured, and the second request carries its time."""

    async def run() -> list[Any]:
        answers = iter([refusing(400, code(-1021)), refusing(200, {"makerCommissionRate": "0"})])
        server_time = {"serverTime": int((NOW - timedelta(days=1)).timestamp() * 1000)}
        async with answering_exchange(
            time=server_time,
            commissionRate=lambda request: next(answers)(request),  # noqa: PLW0108  # the next one each time
        ) as exchange:
            market = market_at(exchange.url, tmp_path, ApiKey("key", "secret"))
            await market._calls.ask_signed("fapiPrivateGetCommissionRate", symbol="BTCUSDT")
            await market.close()
            return exchange.asked_for("/fapi/v1/commissionRate")

    first, second = asyncio.run(run())
    assert abs(int(second["timestamp"]) - (NOW - timedelta(days=1)).timestamp() * 1000) < 5_000
    assert first["timestamp"] != second["timestamp"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, StopError, "its firewall or the region forbids it"),
        (451, StopError, "does not serve the country"),
        (404, StopError, "not as this exchange does"),
        (503, RetryError, "overload or maintenance"),
        (429, RetryError, "takes no more calls for now"),
    ],
)
def test_a_stream_that_is_refused(tmp_path: Path, status: int, kind: type[HydraError], words: str) -> None:
    async def run() -> None:
        async with answering_exchange() as exchange:
            exchange.answers["/market/ws/1"] = refusing(status)
            market = market_at(exchange.url, tmp_path)
            try:
                await market.listen("market", [Feed.TRADES], ["BTCUSDT"], lambda *_: None)
            finally:
                await market.close()

    with pytest.raises(kind, match=words):
        asyncio.run(run())


def test_the_wrong_url_is_named_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))

    async def run(name: str, answers: dict[str, Any]) -> None:
        async with answering_exchange() as exchange:
            exchange.answers |= answers
            await asyncio.to_thread(
                market_data, Settings.model_validate({"exchange_url": exchange.url}), name
            )

    with pytest.raises(StopError, match="is no simulated exchange: start one with `hydra exchange serve`"):
        asyncio.run(run("simulated", {}))
    simulated = {
        "/hydra/market": {"venue": "simulated-exchange-7-abc", "speed": 1, "pairs": [], "start": "2026-07-04"}
    }
    with pytest.raises(StopError, match="EXCHANGE_URL leads to a simulated exchange"):
        asyncio.run(run("binance", simulated))
    with pytest.raises(StopError, match="kraken is no exchange that HYDRA knows"):
        asyncio.run(run("kraken", {}))


def test_a_simulated_exchange_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    with pytest.raises(RetryError, match=r"127\.0\.0\.1:9 cannot be reached \(Connection refused\)"):
        market_data(Settings.model_validate({"exchange_url": "http://127.0.0.1:9"}), "simulated")


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_what_does_not_speak_http_is_no_exchange(answer: bytes) -> None:
    """A port of another program, and an answer that is cut off."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await asyncio.to_thread(market_data, Settings.model_validate({"exchange_url": url}), "simulated")

    with pytest.raises(StopError, match="is no simulated exchange"):
        asyncio.run(run())
