"""`hydra kill`: latch the kill switch of a run."""

import getpass
from typing import Annotated

import typer
from rich.console import Console

from hydra.answers.formatting import minute_text
from hydra.bounds import LARGEST_KEY
from hydra.cli.output import print_plain
from hydra.db.engine import connect, database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.settings import load_settings
from hydra.trading.kill_switch import latch_by_hand, run_going_on
from hydra.trading.runs import instrument_of, read_run


def command(
    reason: Annotated[str, typer.Option(help="Why, in words; stored and shown.")],
    run: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST_KEY, help="Which run; else the newest that has not ended."),
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this pair; else the whole portfolio.")] = None,
) -> None:
    """Latch the kill switch: no entries, positions close, recording goes on. `hydra resume` clears it."""
    with connect(database_url(load_settings()), role=Role.WORKER, autocommit=True) as connection:
        chosen = read_run(connection, run_going_on(connection, run))
        if chosen.end_reason == "finished":
            raise StopError(f"run {chosen.run_id} is finished: there is nothing left to stop")
        pair = instrument_of(connection, chosen, symbol) if symbol else None
        time = latch_by_hand(connection, chosen.run_id, pair, reason, getpass.getuser())
    what = symbol.upper() if symbol else "the whole portfolio"
    print_plain(
        Console(),
        f"Run {chosen.run_id}: kill switch latched for {what} at {minute_text(time)} UTC (run's clock). "
        f"It stays until `hydra resume --run {chosen.run_id} --reason TEXT`.",
    )
