"""`hydra ingest` where the exchange cannot or will not serve it: one sentence, exit status 1, no traceback.

It asks the exchange before the database, so none is needed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hydra.paths import PROJECT_ROOT
from tests.support.answering_exchange import answering_exchange, refusing

NOW_MS = 1_793_491_200_000
PROTOCOL_VERSION_ALERT = bytes([21, 3, 1, 0, 2, 2, 70])
WRONG_KEY = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
ANSWERS = {
    "/fapi/v1/time": {"serverTime": NOW_MS},
    "/fapi/v1/exchangeInfo": {"symbols": [], "rateLimits": []},
    "/fapi/v1/fundingInfo": [],
    "/fapi/v1/leverageBracket": refusing(401, WRONG_KEY),
}


async def ingest_ended(url: str, name: str, folder: Path) -> tuple[int | None, str]:
    """Exit status and words of `hydra ingest --exchange NAME` with EXCHANGE_URL."""
    environment = os.environ | {
        "EXCHANGE_URL": url,
        "BINANCE_TESTNET": "false",
        "BINANCE_API_KEY": "a-key",
        "BINANCE_API_SECRET": "a-secret",
        "HYDRA_STATE_DIRECTORY": str(folder),
        "HYDRA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "HYDRA_WORKER_PASSWORD": "none",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hydra", "ingest", "--exchange", name),
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode, " ".join(said.decode().split())


@asynccontextmanager
async def old_tls() -> AsyncIterator[str]:
    """A host that answers a greeting of TLS 1.2 as one does that knows only older ones."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(PROTOCOL_VERSION_ALERT)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    yield "http://127.0.0.1:9"


@asynccontextmanager
async def answering(answers: dict[str, Any]) -> AsyncIterator[str]:
    async with answering_exchange() as exchange:
        exchange.answers |= answers
        yield exchange.url


@pytest.mark.parametrize(
    ("host", "name", "words"),
    [
        (nobody, "binance", "cannot be reached (Connection refused)"),
        (nobody, "simulated", "cannot be reached (Connection refused)"),
        (old_tls, "binance", "speaks only a version of TLS that is too old"),
        (lambda: answering({}), "binance", "answers, but not as this exchange does"),
        (lambda: answering({}), "simulated", "is no simulated exchange"),
        (lambda: answering(ANSWERS), "binance", "does not accept the API key (-2015"),
    ],
    ids=["unreachable", "no simulated exchange", "old TLS", "wrong URL", "wrong market", "wrong key"],
)
def test_it_ends_with_one_sentence(tmp_path: Path, host: Any, name: str, words: str) -> None:
    async def run() -> tuple[int | None, str]:
        async with host() as url:
            return await ingest_ended(url, name, tmp_path)

    status, said = asyncio.run(run())
    assert status == 1, said
    assert words in said
    assert "Traceback" not in said
    assert "a-secret" not in said
