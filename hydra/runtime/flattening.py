"""Waits until the exchange shows that a run whose kill switch is latched holds nothing any more.

The execution process of the run closes its positions; where none lives, one is started for so long.
Source: docs/live.md, "hydra kill"; docs/architecture.md, law 4.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from hydra.answers.left_at_exchange import read_left_at_exchange
from hydra.die_with_parent import bound
from hydra.domain import OrderState
from hydra.errors import HydraError
from hydra.exchange.account import TradingAccount
from hydra.outside_text import shown
from hydra.paths import PROJECT_ROOT
from hydra.reconciliation.records import pairs_of_run
from hydra.runtime.execution_process import connect_exchange
from hydra.runtime.supervisor import run_log
from hydra.settings import Settings, redacted_by_settings
from hydra.trading.runs import Run, supervised_runs

PATIENCE_S: Final = 45.0
"""A process that was just killed is started again, compares, and closes, some seconds each."""

_LOOK_EVERY_S: Final = 0.3
_END_S: Final = 15.0
_OPEN: Final = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})


@dataclass(frozen=True)
class Flattened:
    """What came of it, in a sentence. is_flat: the exchange shows no position and no order."""

    words: str
    is_flat: bool


def wait_until_flat(
    settings: Settings,
    connection: psycopg.Connection,
    run: Run,
    instrument_id: int | None,
    patience_s: float = PATIENCE_S,
) -> Flattened:
    """Wait, and say "flat" only if the exchange shows it. instrument_id: only this pair; None: all."""
    wanted = [
        symbol
        for symbol, number in pairs_of_run(connection, run.run_id).items()
        if instrument_id in {None, number}
    ]
    until = time.monotonic() + patience_s
    with _executing(connection, run):
        while True:
            left = [one.words for one in read_left_at_exchange(connection, run.run_id, instrument_id)]
            there = [] if left else _asked(settings, run, wanted)
            if not left and there == []:
                return Flattened("flat: the exchange shows no position and no order of its pairs.", True)
            if time.monotonic() > until:
                return _not_flat(run, left, there, patience_s)
            time.sleep(_LOOK_EVERY_S)


def _not_flat(run: Run, left: list[str], there: list[str] | HydraError, patience_s: float) -> Flattened:
    advice = (
        f"look at the exchange itself and at {run_log(run.run_id)}; `hydra flatten SYMBOL --run "
        f"{run.run_id} --reason TEXT` closes a pair, whoever opened it"
    )
    if isinstance(there, HydraError):
        why = shown(redacted_by_settings(str(there)))
        what = f"its tables hold nothing any more, but the exchange could not be asked ({why})"
    else:
        what = f"after {patience_s:.0f} s there is still {', '.join((*left, *there))}"
    return Flattened(f"{what}; {advice}.", False)


@contextmanager
def _executing(connection: psycopg.Connection, run: Run) -> Iterator[None]:
    """During the block a process executes the orders of the run."""
    if run.run_id in supervised_runs(connection):
        yield
        return
    words = [sys.executable, "-m", "hydra.runtime.execution_process", "--run", str(run.run_id)]
    with run_log(run.run_id).open("ab") as output:
        process = subprocess.Popen(
            bound(words), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=PROJECT_ROOT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _asked(settings: Settings, run: Run, symbols: Sequence[str]) -> list[str] | HydraError:
    """What the exchange holds in `symbols`, in words; an error: why it cannot be asked."""

    async def ask() -> list[str]:
        exchange = await asyncio.to_thread(connect_exchange, settings, run)
        try:
            return await held_at_exchange(exchange.account, symbols)
        finally:
            await exchange.account.close()
            await exchange.market.close()

    try:
        return asyncio.run(ask())
    except HydraError as error:
        return error


async def held_at_exchange(account: TradingAccount, symbols: Sequence[str]) -> list[str]:
    """The positions and the open orders of `symbols`, in words; a stop that waits is one of them.

    Raises:
        RetryError, StopError, BadDataError: see `TradingAccount`.
    """
    positions, ordinary, conditional = await asyncio.gather(
        account.positions(), account.open_orders(), account.open_conditional_orders()
    )
    orders = [*ordinary, *conditional]
    held = [f"{one.quantity} of {one.symbol}" for one in positions if one.symbol in symbols]
    working = [f"an order of {one.symbol}" for one in orders if one.symbol in symbols and one.state in _OPEN]
    return [*held, *working]
