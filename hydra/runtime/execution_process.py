"""`python -m hydra.runtime.execution_process --run N`: executes the orders of a run in testnet or live mode.

One process a run. What counts is in the tables and at the exchange, so it can be killed at any time and
started again.
Source: docs/architecture.md, "Live orders"; docs/architecture.md, laws 1 and 5.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final

import psycopg
import structlog
import typer
from psycopg import sql

from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import ReconciliationCause
from hydra.durations import MINUTE_SECONDS
from hydra.errors import BadDataError, HydraError, RetryError, StopError
from hydra.exchange.account import TradingAccount
from hydra.exchange.connect import market_data, trading_account
from hydra.exchange.exchange_clock import ExchangeClock
from hydra.exchange.interface import MarketData
from hydra.exchange.wire_numbers import instant_of
from hydra.execution.entry_guard import EntryGuard
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.executor import Executor
from hydra.execution.pair_rows import PairRows
from hydra.layers.layer4_filters import exact
from hydra.outside_text import shown
from hydra.reconciliation.reconcile import Reconciliation
from hydra.reconciliation.records import pairs_of_run
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL
from hydra.runtime.reconciling import REST_S, Reconciling
from hydra.settings import Settings, load_settings, redacted_by_settings
from hydra.trading.live_venue import live_venue
from hydra.trading.operator_requests import CHANNEL
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run, read_run, refuse_other_version

LOCK_WAIT_S: Final = 15.0
"""So long the server may take to notice that the process before this one was killed."""

LISTEN_S: Final = 0.5
MEASURED_EVERY_S: Final = 15.0
FIRST_PAUSE_S: Final = 1.0
"""Before the first comparison is tried again; each pause is twice as long, up to `REST_S`."""

FIRST_COMPARISON_S: Final = 10.0
"""So long nothing is executed without a comparison; then only what protects and leaves positions."""

LAST_COMPARISON_S: Final = 5.0
Work = Coroutine[Any, Any, None]
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.execution")


@dataclass(frozen=True)
class ConnectedExchange:
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
            with suppress(RetryError, StopError):
                await self.clock.measure(self.market.server_clock)


async def execute_run(
    run: Run, connection: psycopg.Connection, exchange: ConnectedExchange, url: str
) -> None:
    """Execute the orders of `run`, and compare them, until SIGTERM or SIGINT.

    Then entries are cancelled; stops and targets stay. connection: of the worker, in autocommit.

    Raises:
        HydraError: the exchange refuses for good, or cannot be reached at the start.
        psycopg.Error: the database went away.
    """
    await exchange.clock.measure(exchange.market.server_clock)
    symbols = {number: symbol for symbol, number in pairs_of_run(connection, run.run_id).items()}
    rows = PairRows(connection, live_venue(run), rules_of_run(run), symbols)
    calls = ExchangeCalls(exchange.account, exchange.best_prices, exchange.now, _LOG.warning)
    loop = asyncio.get_running_loop()
    with closing(connect(url, autocommit=True)) as comparing:
        reconciliation = Reconciliation(comparing, run, exchange.account, exchange.now, rows.venue.key)
        reconciling = Reconciling(reconciliation, _minute_s(exchange.clock), _LOG.warning)
        reconnected = partial(reconciling.ask, ReconciliationCause.RECONNECT)
        compared = asyncio.Event()
        executor = Executor(
            rows, exchange.account, calls, exchange.now, _LOG.warning, reconnected, compared.is_set
        )
        asked = partial(reconciling.ask, ReconciliationCause.OPERATOR)
        wakes = {CYCLE_CLOSED_CHANNEL: executor.wake, CHANNEL: asked}
        stopping = threading.Event()
        listener = threading.Thread(
            target=_wake, args=(url, str(run.run_id), wakes, loop, stopping), daemon=True
        )
        listener.start()
        try:
            at_work = [symbols[number] for number in rows.at_work()]
            guard = EntryGuard(at_work, exchange.account, executor.unheld_entries, exchange.now, _LOG.warning)
            works = (executor.run(), guard.run(), exchange.measure_clock())
            await _until_stopped(reconciling, compared, executor, works)
        finally:
            stopping.set()
            listener.join()
            await exchange.account.close()
            await exchange.market.close()


async def _until_stopped(
    reconciling: Reconciling, compared: asyncio.Event, executor: Executor, works: Sequence[Work]
) -> None:
    """Compare first, do the works until SIGTERM or SIGINT, or until one of them fails; compare once more."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    waiting, comparing, ready = map(
        asyncio.ensure_future, (stopped.wait(), _compare_for_ever(reconciling, compared), compared.wait())
    )
    tasks: list[asyncio.Future[Any]] = [waiting, comparing, ready]
    try:
        await _first_of(tasks, FIRST_COMPARISON_S)
        if not stopped.is_set():
            if not compared.is_set():
                _LOG.warning(
                    "tables and account are not compared yet: positions are protected and left, nothing is "
                    "entered until they are"
                )
            tasks += map(asyncio.ensure_future, works)
            await _first_of([one for one in tasks if one is not ready])
            await executor.end_entries()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for work in works:
            work.close()
    # The newest fees and profits become rows: after this nothing of the run may ask for them any more.
    with suppress(TimeoutError):
        await asyncio.wait_for(reconciling.compare(), LAST_COMPARISON_S)


async def _compare_for_ever(reconciling: Reconciling, compared: asyncio.Event) -> None:
    """compared: set once tables and exchange were."""
    pause_s = FIRST_PAUSE_S
    while not await reconciling.compare():
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, REST_S)
    compared.set()
    await reconciling.run()


async def _first_of(tasks: Sequence[asyncio.Future[Any]], longest_s: float | None = None) -> None:
    """Wait until one has ended, or so long. Raises: what it raised."""
    ended, _ = await asyncio.wait(tasks, timeout=longest_s, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()


def _minute_s(clock: ExchangeClock) -> float:
    """A minute of the exchange, at least a second, in seconds of this machine."""
    return max(MINUTE_SECONDS / (clock.speed or MINUTE_SECONDS), 1.0)


def _wake(
    url: str,
    payload: str,
    wakes: Mapping[str, Callable[[], None]],
    loop: asyncio.AbstractEventLoop,
    stopping: threading.Event,
) -> None:
    """Wake, by the channel, whenever one says `payload`; without it the next look or comparison is later."""
    with suppress(psycopg.OperationalError, HydraError), closing(connect(url, autocommit=True)) as listening:
        for channel in wakes:
            listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        while not stopping.is_set():
            for notice in listening.notifies(timeout=LISTEN_S):
                if notice.payload == payload:
                    loop.call_soon_threadsafe(wakes[notice.channel])
                if stopping.is_set():
                    break


def connect_exchange(settings: Settings, run: Run) -> ConnectedExchange:
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
    return ConnectedExchange(market_data(settings, run.exchange.name), account, ExchangeClock())


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
