"""`python -m hydra.runtime.execution_process --run N`: executes the orders of a run in testnet or live mode.

One process a run. What counts is in the tables and at the exchange, so it can be killed at any time and
started again.
Source: docs/architecture.md, "Live orders"; laws 1 and 5.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Final

import psycopg
import structlog
import typer
from psycopg import sql

from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import ReconciliationCause
from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.account import TradingAccount
from hydra.exchange.connect import market_data, trading_account
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.interface import MarketData
from hydra.exchange.wire_numbers import instant_of
from hydra.execution.account_watch import AccountWatch
from hydra.execution.entry_guard import EntryGuard
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.executor import Executor
from hydra.execution.pair_rows import PairRows
from hydra.layers.layer4_filters import exact
from hydra.outside_text import shown
from hydra.reconciliation.reconcile import Reconciliation
from hydra.reconciliation.records import pairs_of_run
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL
from hydra.settings import Settings, load_settings, redacted_by_settings
from hydra.trading.live_venue import live_venue
from hydra.trading.operator_requests import CHANNEL as REQUESTS_CHANNEL
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run, read_run, refuse_other_version

LOCK_WAIT_S: Final = 15.0
"""So long the server may take to notice that the process before this one was killed."""

LISTEN_S: Final = 0.5
MEASURED_EVERY_S: Final = 15.0
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.execution")


@dataclass(frozen=True)
class Exchange:
    """The exchange of a run: its market, its account, and its clock."""

    market: MarketData
    account: TradingAccount
    clock: ExchangeClock

    def now(self) -> datetime:
        """The exchange's time."""
        return instant_of(self.clock.now_us())

    async def best_prices(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Best bid and best ask.

        Raises:
            RetryError, StopError: see `MarketData`.
            BadDataError: the order book has an empty side.
        """
        book = await self.market.order_book(symbol)
        if not book.bids or not book.asks:
            raise BadDataError(f"{symbol}: the order book has an empty side")
        return exact(book.bids[0][0]), exact(book.asks[0][0])

    async def measure_clock(self) -> None:
        """Measure the exchange's clock again and again, for ever."""
        while True:
            await asyncio.sleep(MEASURED_EVERY_S)
            with suppress(RetryError):
                await self.clock.measure(self.market.server_clock)


async def execute_run(run: Run, connection: psycopg.Connection, exchange: Exchange, url: str) -> None:
    """Execute the orders of `run` until SIGTERM or SIGINT. connection: of the worker, in autocommit.

    Tables and account are compared first. At the end entries are cancelled, stops and targets stay.

    Raises:
        HydraError: the exchange refuses for good, or cannot be reached at the start.
        psycopg.Error: the database went away.
    """
    await exchange.clock.measure(exchange.market.server_clock)
    with closing(connect(url, autocommit=True)) as compared:
        reconciliation = Reconciliation(
            compared, run, exchange.account, exchange.now, live_venue(run).key, look_again_s(exchange)
        )
        watch = AccountWatch(reconciliation, exchange.now, _LOG.warning)
        await watch.begin()
        await _execute_and_compare(run, connection, exchange, url, watch)


def look_again_s(exchange: Exchange) -> float:
    """Half a second, or what it lasts at a fast exchange: between two looks at the same difference."""
    return 0.5 / max(1.0, exchange.clock.speed)


async def _execute_and_compare(
    run: Run, connection: psycopg.Connection, exchange: Exchange, url: str, watch: AccountWatch
) -> None:
    reconnected = partial(watch.ask, ReconciliationCause.RECONNECT)
    symbols = {number: symbol for symbol, number in pairs_of_run(connection, run.run_id).items()}
    rows = PairRows(connection, live_venue(run), rules_of_run(run), symbols)
    calls = ExchangeCalls(exchange.account, exchange.best_prices, exchange.now, _LOG.warning)
    executor = Executor(rows, exchange.account, calls, exchange.now, _LOG.warning, reconnected)
    guard = EntryGuard(exchange.account, executor.unheld_entries, exchange.now, _LOG.warning)
    loop = asyncio.get_running_loop()
    wanted = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, wanted.set)
    executing = asyncio.ensure_future(executor.run())
    besides = [
        asyncio.ensure_future(work)
        for work in (exchange.measure_clock(), watch.run(), guard.run(), _stopped(wanted, executor))
    ]
    wakers = {
        CYCLE_CLOSED_CHANNEL: executor.wake,
        REQUESTS_CHANNEL: partial(watch.ask, ReconciliationCause.OPERATOR),
    }
    stopping = threading.Event()
    listener = threading.Thread(
        target=_wake, args=(url, run.run_id, wakers, loop.call_soon_threadsafe, stopping), daemon=True
    )
    listener.start()
    try:
        # The first of them that ends does so because it failed, or because the run is stopped.
        done, _ = await asyncio.wait([executing, *besides], return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        stopping.set()
        for task in (executing, *besides):
            task.cancel()
        await asyncio.gather(executing, *besides, return_exceptions=True)
        listener.join()
        await exchange.account.close()
        await exchange.market.close()


async def _stopped(wanted: asyncio.Event, executor: Executor) -> None:
    await wanted.wait()
    await executor.end_entries()


def _wake(
    url: str,
    run_id: int,
    wakers: Mapping[str, Callable[[], None]],
    in_loop: Callable[[Callable[[], None]], object],
    stopping: threading.Event,
) -> None:
    """Wake whenever a stage of the run has committed, or an operator asks; wakers: by channel.

    Without it the next look is half a second later, the next comparison within the minute.
    """
    with suppress(psycopg.OperationalError, HydraError), closing(connect(url, autocommit=True)) as listening:
        for channel in wakers:
            listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        while not stopping.is_set():
            for notice in listening.notifies(timeout=LISTEN_S):
                if notice.payload == str(run_id):
                    in_loop(wakers[notice.channel])
                if stopping.is_set():
                    break


def connect_exchange(settings: Settings, run: Run) -> Exchange:
    """The market and the account of the exchange of `run`.

    Raises:
        StopError: the run sends no orders to an exchange, or the settings lead to another one.
        RetryError: it cannot be reached now.
    """
    if not run.is_at_exchange or run.exchange is None:
        raise StopError(f"run {run.run_id} is in {run.mode} mode: its orders go to no exchange")
    account = trading_account(settings, run.exchange.name)
    if account.venue != run.exchange.venue:
        raise StopError(
            f"run {run.run_id} trades on {run.exchange.venue}, the settings lead to {account.venue}: correct "
            "BINANCE_TESTNET or EXCHANGE_URL"
        )
    return Exchange(market_data(settings, run.exchange.name), account, ExchangeClock())


def start(run: Annotated[int, typer.Option(help="Number of the run")]) -> None:
    """Execute the orders of a run."""
    settings = load_settings()
    url = database_url(settings, Role.WORKER)
    with closing(connect(url, autocommit=True)) as connection:
        recorded = read_run(connection, run)
        refuse_other_version(recorded)
        if not locks.take(connection, locks.of_execution(run), LOCK_WAIT_S):
            raise StopError(f"another process executes the orders of run {run}: end that one first")
        asyncio.run(_execute(recorded, connection, settings, url))


async def _execute(run: Run, connection: psycopg.Connection, settings: Settings, url: str) -> None:
    exchange = await asyncio.to_thread(connect_exchange, settings, run)
    await execute_run(run, connection, exchange, url)


def main() -> None:
    """Execute; what ends it is one sentence: the supervisor starts it again."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(start)
    try:
        app()
    except (HydraError, psycopg.OperationalError) as error:
        sys.exit(f"execution: {shown(redacted_by_settings(str(error)))}")


if __name__ == "__main__":
    main()
