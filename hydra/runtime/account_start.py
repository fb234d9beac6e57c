"""Before orders go to an exchange: is it meant, may it be, and do tables and account say the same?

Source: docs/live.md, "What has to be true"; docs/architecture.md, law 5.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Final

import psycopg

from hydra.answers.formatting import counted
from hydra.db import locks, queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import ReconciliationCause, TradingMode
from hydra.errors import RetryError, StopError
from hydra.exchange.connect import environment_of, trading_account
from hydra.exchange.hosts import Environment
from hydra.reconciliation.reconcile import Reconciliation
from hydra.reconciliation.records import Reconciled
from hydra.runtime.execution_process import LOCK_WAIT_S, connect_exchange
from hydra.runtime.health import HealthVerdict, examine
from hydra.runtime.live_health import examine_exchange
from hydra.settings import CONFIRMATION, Settings
from hydra.trading.live_venue import live_venue
from hydra.trading.runs import Run, lock_account

_TRIES: Final = 5
_PAUSE_S: Final = 2.0
_OF_OTHERS: Final = frozenset({"instruments"})
"""A run has chosen its pairs already."""

_MOST_NAMED: Final = 5


def refuse_unmeant(settings: Settings, exchange: str | None) -> None:
    """Refuse a mode that nobody has confirmed, or that does not fit the exchange.

    Raises:
        StopError: says what to set.
    """
    mode = settings.trading_mode
    if exchange is None:
        raise StopError(
            f"--mode {mode}: orders go to an exchange: name it with --exchange simulated or binance"
        )
    if mode is TradingMode.LIVE and settings.live_confirmation != CONFIRMATION:
        raise StopError(
            f'--mode live sends orders that cost money: set LIVE_CONFIRMATION="{CONFIRMATION}" in .env or in '
            "the environment"
        )
    environment = environment_of(settings, exchange)
    if mode is TradingMode.LIVE and environment is Environment.DEMO:
        raise StopError(
            "--mode live, but BINANCE_TESTNET=true leads to demo trading: choose --mode testnet, or set "
            "BINANCE_TESTNET=false"
        )
    if mode is TradingMode.TESTNET and environment is Environment.PRODUCTION:
        raise StopError(
            "--mode testnet, but BINANCE_TESTNET=false leads to the account with your money: set "
            "BINANCE_TESTNET=true, or choose --mode live"
        )


def warning_of(settings: Settings, exchange: str) -> str | None:
    """What has to be said before an account with money is traded; None: it is none."""
    if environment_of(settings, exchange) is not Environment.PRODUCTION:
        return None
    return (
        "this account holds money, and HYDRA's orders were proven on its simulated exchange alone: watch the "
        f"first days, and leave LIVE_SIZE_CAP_USD small (now {settings.live_size_cap_usd:g}); docs/live.md, "
        '"What is unverified"'
    )


def examine_before(settings: Settings, exchange: str, tell: Callable[[str], None]) -> None:
    """Pass the checks of `hydra doctor --live` of the account, in live mode also those of this machine.

    tell: gets a sentence for each warning.

    Raises:
        StopError: a check fails; all that do are in the message.
    """
    mode = settings.trading_mode
    checks = list(examine(is_live=True)) if mode is TradingMode.LIVE else []
    of_account = examine_exchange(exchange, settings)
    failed = [
        f"{one.subject}: {one.seen} ({one.advice})"
        for one in (*checks, *of_account)
        if one.verdict is HealthVerdict.FAIL
    ]
    if failed:
        raise StopError(f"--mode {mode} does not start, as in `hydra doctor --live`: {'; '.join(failed)}")
    if (words := warning_of(settings, exchange)) is not None:
        tell(words)
    for one in of_account:
        if one.verdict is HealthVerdict.WARN and one.subject not in _OF_OTHERS:
            tell(f"{one.subject}: {one.seen}; {one.advice}")


def refuse_account_in_use(settings: Settings, venue: str) -> None:
    """Refuse to trade where another run does.

    Raises:
        StopError: says what to do.
        DatabaseError: the server cannot be used.
    """
    with closing(connect(database_url(settings, Role.WORKER), autocommit=True)) as connection:
        # The session of a supervisor that was killed may still hold it.
        lock_account(connection, venue, LOCK_WAIT_S)


def wallet_usd(settings: Settings, exchange: str) -> Decimal:
    """The USDT of the account: the balance with which a new run begins.

    Raises:
        StopError: there is none, or no account can be used.
        RetryError: it cannot be asked now.
    """
    account = trading_account(settings, exchange)

    async def ask() -> Decimal:
        try:
            return (await account.balance()).wallet_usd
        finally:
            await account.close()

    wallet = asyncio.run(ask())
    if wallet <= 0:
        raise StopError(
            f"the account at {account.venue} holds no USDT: transfer some to its futures wallet first"
        )
    return wallet


def reconcile_at_start(settings: Settings, run: Run, connection: psycopg.Connection) -> Reconciled:
    """Compare tables and account, and mend what HYDRA may, before the run's next minute is decided.

    connection: of the worker, in autocommit, used by nothing else. The execution process does the same each
    time it starts.

    Raises:
        StopError: another process executes the run's orders, or a person has to act.
        RetryError: the exchange could not be asked, five times.
    """
    name = locks.of_execution(run.run_id)
    if not locks.take(connection, name, LOCK_WAIT_S):
        raise StopError(f"another process executes the orders of run {run.run_id}: end that one first")
    try:
        return asyncio.run(_reconciled(settings, run, connection))
    finally:
        locks.release(connection, name)


async def _reconciled(settings: Settings, run: Run, connection: psycopg.Connection) -> Reconciled:
    exchange = await asyncio.to_thread(connect_exchange, settings, run)
    try:
        compared = Reconciliation(connection, run, exchange.account, exchange.now, live_venue(run).key)
        for _ in range(_TRIES - 1):
            try:
                await exchange.clock.measure(exchange.market.server_clock)
                return await compared.reconcile(ReconciliationCause.START)
            except RetryError:
                await asyncio.sleep(_PAUSE_S)
        await exchange.clock.measure(exchange.market.server_clock)
        return await compared.reconcile(ReconciliationCause.START)
    finally:
        await exchange.account.close()
        await exchange.market.close()


def refuse_differences(
    connection: psycopg.Connection, run: Run, reconciled: Reconciled, tell: Callable[[str], None]
) -> None:
    """Tell what tables and account still say differently; in live mode the run does not start with that.

    Raises:
        StopError: names the differences and what to do.
    """
    if reconciled.is_clean:
        return
    rows = connection.execute(queries.load("reconcile/open_names"), {"run_id": run.run_id}).fetchall()
    named = [f"{kind.lower().replace('_', ' ')} {symbol}" for kind, symbol, _ in rows[:_MOST_NAMED]]
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    words = (
        f"tables and account differ ({counted(len(rows), 'difference')}): {', '.join(named)}{more}; see the "
        "view audit.exchange_differences"
    )
    if run.mode is TradingMode.LIVE:
        raise StopError(
            f"run {run.run_id} does not start: {words}. Take a position over with `hydra adopt SYMBOL --run "
            f"{run.run_id}`, close it with `hydra flatten SYMBOL --run {run.run_id}`, or take over the "
            f"balance with `hydra adopt USDT --run {run.run_id}`; then `hydra run --resume {run.run_id}`"
        )
    tell(f"{words[0].upper()}{words[1:]}. Their pairs are not entered.")
