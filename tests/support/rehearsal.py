"""`hydra` as a user calls it, on a database and an account at a simulated exchange: real processes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hydra.db.engine import connect
from hydra.exchange.account import TradingAccount
from hydra.exchange.connect import trading_account
from hydra.settings import Settings
from hydra.sim.exchange.private.account_file import own_account
from tests.support.servers.logins import ENVIRONMENT
from tests.support.waiting import PATIENCE_S, wait_until

_Told = TypeVar("_Told")


def environment_of(url: str, exchange_url: str, account: Path, **more: str) -> dict[str, str]:
    """The environment of a command: no setting of the one that runs the test, but these."""
    own: Mapping[str, str] = os.environ
    return {
        **{key: value for key, value in own.items() if key not in Settings.attribute_by_key()},
        **ENVIRONMENT,
        "HYDRA_DATABASE_URL": url,
        "EXCHANGE_URL": exchange_url,
        "SIMULATED_ACCOUNT_FILE": str(account),
        **more,
    }


def new_account(path: Path, wallet_usd: object) -> None:
    """Write the file of an account at the simulated exchange that begins with so much."""
    own_account(path)
    path.write_text(path.read_text().replace('usd = "5000"', f'usd = "{wallet_usd}"'))


@dataclass
class Rehearsal:
    """A database, a simulated exchange with an account, and the environment in which commands find them."""

    url: str
    environment: dict[str, str]
    account: Path
    exchange_url: str

    def start(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """A command of `hydra`."""
        return subprocess.Popen(
            [sys.executable, "-m", "hydra", *words],
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def said(self, *words: str) -> str:
        """What a command of `hydra` prints, however it ends."""
        return self.start(*words).communicate(timeout=PATIENCE_S)[0]

    def succeed(self, *words: str) -> str:
        """The same of a command that has to succeed."""
        process = self.start(*words)
        said = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0, said
        return said

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def wait_for(self, query: str, process: "subprocess.Popen[str]") -> None:
        """Wait until the query has a row, or the process has ended."""
        wait_until(lambda: self.rows(query) or process.poll() is not None, query)
        assert process.poll() is None, process.communicate()[0]

    def ask(self, question: Callable[[TradingAccount], Awaitable[_Told]]) -> _Told:
        """What the account at the exchange answers."""
        settings = Settings(  # type: ignore[call-arg]  # an argument of the base class
            _env_file=None, exchange_url=self.exchange_url, simulated_account_file=self.account
        )
        account = trading_account(settings, "simulated")

        async def asked() -> _Told:
            try:
                return await question(account)
            finally:
                await account.close()

        return asyncio.run(asked())
