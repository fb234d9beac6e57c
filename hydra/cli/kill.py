"""`hydra kill`: latch the kill switch of every run that goes on, or of one."""

import time
from dataclasses import dataclass, field
from typing import Annotated, Final

import psycopg
import typer

from hydra.answers.formatting import minute_text
from hydra.bounds import LARGEST_KEY
from hydra.cli.operator_name import operator_name
from hydra.cli.output import print_done
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import DatabaseLostError, HydraError, StopError
from hydra.settings import database_settings
from hydra.trading.kill_by_hand import latch_by_hand, refuse_without_reason, runs_going_on
from hydra.trading.runs import EndReason, Run, find_instrument, read_run

PATIENCE_S: Final = 90.0
TRY_EVERY_S: Final = 0.05


def command(
    reason: Annotated[str, typer.Option(help="Why, in words; stored and shown.")],
    run: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST_KEY, help="Only this run; else every one that has not ended."),
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this pair; else the whole portfolio.")] = None,
) -> None:
    """Latch the kill switch: no entries, positions close, recording goes on. `hydra resume` clears it.

    Where orders go to an exchange it waits until that shows nothing any more, at most three quarters of a
    minute a run. Exit status 1: a run could not be stopped or is not flat; the others are.
    """
    refuse_without_reason(reason)
    with _connected() as connection:
        order = KillOrder(connection, symbol, reason)
        if run is None:
            order.stop_every_run()
        else:
            order.stop(run)
        # Everything is committed: what follows cannot undo it.
        print_done(order.said, order.failed)
        not_flat = order.tell_what_is_flat()
    if order.failed or not_flat:
        raise typer.Exit(1)


def _connected() -> psycopg.Connection:
    """A connection of the worker. A server that lets nobody in is asked again.

    That is for longer than it keeps a stranger who has no password.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return connect(database_url(database_settings(), Role.WORKER), autocommit=True)
        except DatabaseLostError:
            if time.monotonic() > until:
                raise
            time.sleep(TRY_EVERY_S)


@dataclass
class KillOrder:
    """One order of an operator. said: a sentence a run; failed: the runs that are not stopped, and why."""

    connection: psycopg.Connection
    symbol: str | None
    reason: str
    said: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopped: set[int] = field(default_factory=set)
    at_exchanges: list[tuple[Run, int | None]] = field(default_factory=list)

    def stop_every_run(self) -> None:
        """Stop every run that has not ended, those with a living process first, until no new one appears.

        Raises:
            StopError: no run goes on.
        """
        seen: set[int] = set()
        while new := [run for run in runs_going_on(self.connection) if run.run_id not in seen]:
            for run in new:
                seen.add(run.run_id)
                self.stop(run.run_id, f" It is {run.words}.")
            if self.failed:
                break
        if not seen:
            raise StopError("no run goes on: name one with --run (`hydra runs list` names them)")
        if not self.stopped and not self.failed:
            self.failed.append("Nothing is stopped: name a pair of a run, or leave --symbol out")

    def stop(self, run_id: int, standing: str = "") -> None:
        """Latch one run, and note what came of it; `standing`: how the run stands, in a sentence."""
        try:
            self.said.append(f"Run {run_id}: {self._latch(read_run(self.connection, run_id))}{standing}")
        except (HydraError, psycopg.Error) as error:
            cause = str(error).partition("\n")[0]
            self.failed.append(f"Run {run_id} is NOT stopped: {cause}")

    def tell_what_is_flat(self) -> list[str]:
        """Wait for the exchanges of the stopped runs, and tell of each; returns those that are not flat."""
        not_flat = []
        for run, pair in self.at_exchanges:
            from hydra.runtime.flattening import wait_until_flat  # noqa: PLC0415  # the switch comes first

            found = wait_until_flat(database_settings(), self.connection, run, pair)
            sentence = f"Run {run.run_id} is {'' if found.is_flat else 'NOT flat: '}{found.words}"
            print_done([sentence] if found.is_flat else [], [] if found.is_flat else [sentence])
            not_flat += [] if found.is_flat else [sentence]
        return not_flat

    def _latch(self, run: Run) -> str:
        if run.end_reason == EndReason.FINISHED:
            raise StopError("it is finished, there is nothing left to stop")
        what, pair = "the whole portfolio", None
        if self.symbol is not None:
            what, pair = self.symbol.upper(), find_instrument(self.connection, run, self.symbol)
            if pair is None:
                return f"it does not trade {what}, nothing is stopped in it."
        minute = latch_by_hand(self.connection, run.run_id, pair, self.reason, operator_name())
        self.stopped.add(run.run_id)
        if run.is_at_exchange:
            self.at_exchanges.append((run, pair))
        if minute is None:
            return f"the kill switch was latched for {what} before; its first cause stays."
        return (
            f"kill switch latched for {what} at {minute_text(minute)} UTC (run's clock). "
            f"It stays until `hydra resume --run {run.run_id} --reason TEXT`."
        )
