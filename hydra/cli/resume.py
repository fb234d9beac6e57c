"""`hydra resume`: clear the kill switch of a run."""

from typing import Annotated

import typer

from hydra.bounds import LARGEST_KEY
from hydra.cli.operator_name import operator_name
from hydra.cli.output import print_done
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.settings import load_settings
from hydra.trading.kill_by_hand import clear_by_hand, latched_for, run_to_clear, runs_going_on
from hydra.universe import find_pair


def command(
    reason: Annotated[str, typer.Option(help="Why it may trade again, in words; stored and shown.")],
    run: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_KEY, help="Which run; needed where several are stopped.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this pair's; else everything latched.")] = None,
) -> None:
    """Clear what is latched in one run, once its cool-down has passed on the run's clock."""
    pair = find_pair(symbol) if symbol else None
    name = pair.base if pair else symbol
    with connect(database_url(load_settings(), Role.WORKER), autocommit=True) as connection:
        if run is None:
            going_on = runs_going_on(connection)
            run = run_to_clear([(one, latched_for(connection, one.run_id, name)) for one in going_on])
        cleared = clear_by_hand(connection, run, name, reason, operator_name())
    print_done([f"Run {run}: cleared {item.words}" for item in cleared])
