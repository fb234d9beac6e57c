"""`hydra resume`: clear the kill switch of a run."""

import getpass
from typing import Annotated

import typer
from rich.console import Console

from hydra.bounds import LARGEST_KEY
from hydra.cli.output import print_plain
from hydra.db.engine import connect, database_url
from hydra.db.roles import Role
from hydra.settings import load_settings
from hydra.trading.kill_switch import clear_by_hand, run_going_on
from hydra.universe import find_pair


def command(
    reason: Annotated[str, typer.Option(help="Why it may trade again, in words; stored and shown.")],
    run: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST_KEY, help="Which run; else the newest that has not ended."),
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this pair's; else everything latched.")] = None,
) -> None:
    """Clear what is latched, once its cool-down has passed on the run's clock."""
    pair = find_pair(symbol) if symbol else None
    name = pair.base if pair else symbol
    with connect(database_url(load_settings()), role=Role.WORKER, autocommit=True) as connection:
        run_id = run_going_on(connection, run)
        cleared = clear_by_hand(connection, run_id, name, reason, getpass.getuser())
    for item in cleared:
        print_plain(Console(), f"Run {run_id}: cleared {item.words}")
