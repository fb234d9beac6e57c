"""A simulated exchange with an account, in the loop of the test or of a process; its signed calls by hand."""

import asyncio
import hashlib
import hmac
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from yarl import URL

from hydra.sim.exchange.private.account_file import own_account
from hydra.sim.exchange.server import Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource

START = datetime(2026, 11, 1, tzinfo=UTC)
BTC = "BTCUSDT"
_SEED = 7


@dataclass(frozen=True)
class Answered:
    """Status, body (JSON, or text where there is none) and headers."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> int:
        """Of a refusal; 0 if it is none."""
        return int(self.body["code"]) if self.status != 200 and isinstance(self.body, dict) else 0


class AccountClient:
    """Calls an account by hand. offset_ms: added to the time that is signed."""

    def __init__(self, url: str, session: aiohttp.ClientSession, account: Path) -> None:
        self.url, self._session = url, session
        self.key, self.secret = keys_of(account)
        self.offset_ms = 0
        self._reading: list[asyncio.Future[None]] = []

    async def ask(self, method: str, path: str, **sent: Any) -> Answered:
        """A signed call of /fapi/v1/PATH, or of a whole path."""
        clock = await self.unsigned("GET", "/fapi/v1/time")
        return await self.at(clock.body["serverTime"] + self.offset_ms, method, path, **sent)

    async def at(self, time_ms: int, method: str, path: str, **sent: Any) -> Answered:
        """The same, signed for this time."""
        sent["timestamp"] = time_ms
        line = urlencode({name: _text(value) for name, value in sent.items()}, quote_via=quote)
        signature = hmac.new(self.secret.encode(), line.encode(), hashlib.sha256).hexdigest()
        return await self.unsigned(method, path, f"{line}&signature={signature}")

    async def unsigned(self, method: str, path: str, line: str = "", key: str | None = None) -> Answered:
        """A call whose query or body is `line` as it is."""
        whole = path if path.startswith("/") else f"/fapi/v1/{path}"
        in_query = method in {"GET", "DELETE"}
        url = URL(f"{self.url}{whole}" + (f"?{line}" if in_query else ""), encoded=True)
        headers = {
            "X-MBX-APIKEY": self.key if key is None else key,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        data = None if in_query else line.encode()
        async with self._session.request(method, url, data=data, headers=headers) as answer:
            text = await answer.read()
            try:
                body = orjson.loads(text)
            except orjson.JSONDecodeError:
                body = text.decode()
            return Answered(answer.status, body, answer.headers)

    async def listen(self, heard: list[dict[str, Any]], line: str) -> aiohttp.ClientWebSocketResponse:
        """A socket of /private/ws?LINE whose events are appended to `heard`."""
        socket = await self._session.ws_connect(f"{self.url}/private/ws?{line}", autoping=True)

        async def read() -> None:
            async for message in socket:
                heard.append(orjson.loads(message.data))

        self._reading.append(asyncio.ensure_future(read()))
        return socket

    async def set_faults(self, *faults: dict[str, Any]) -> None:
        """Set faults at run time."""
        url = f"{self.url}/hydra/faults"
        async with self._session.post(url, json={"faults": list(faults)}) as answer:
            assert answer.status == 200, await answer.text()


def keys_of(account: Path) -> tuple[str, str]:
    """Key and secret of an account file."""
    key = tomllib.loads(account.read_text())["keys"][0]
    return key["api_key"], key["secret"]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def exchange_of(account: Path, speed: float = 1.0, port: int = 0, start: datetime = START) -> Exchange:
    """An exchange of BTC and ETH with one account."""
    source = GeneratedSource(GeneratedMarket(_SEED, start, None, history_days=1, names=("BTC", "ETH")))
    return Exchange(source, Serving(speed, _SEED, port=port, account=own_account(account)))


@asynccontextmanager
async def served_account(
    account: Path, speed: float = 1.0, start: datetime = START
) -> AsyncIterator[tuple[Exchange, AccountClient]]:
    """It serves until the block ends."""
    exchange = exchange_of(account, speed, start=start)
    async with exchange.running() as port, aiohttp.ClientSession() as session:
        yield exchange, AccountClient(f"http://127.0.0.1:{port}", session, account)


async def _serve(account: Path, port: int) -> None:
    exchange = exchange_of(account, port=port)
    async with exchange.running():
        await exchange.played()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
