"""`hydra markets`: list what is stored, delete a market."""

from typing import Annotated

import typer

from hydra.answers.formatting import UNDEFINED, minute_text
from hydra.answers.plain_values import plain
from hydra.cli.output import ask, error_console, open_table, output_console, print_json, print_line
from hydra.cli.status import NO_MARKET
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.ingest.stored_markets import StoredMarket, delete_market, stored_markets
from hydra.settings import load_settings
from hydra.trading.delete_runs import delete_runs, run_words

app = typer.Typer(no_args_is_help=True, add_completion=False, help="List the stored markets, or delete one.")


@app.command("list")
def markets_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print the markets for machines.")] = False,
) -> None:
    """List the recorded and the generated markets, and the runs decided on each."""
    with connect(database_url(load_settings(), Role.READER)) as connection:
        markets = stored_markets(connection)
    if as_json:
        print_json(plain(markets))
        return
    if not markets:
        print_line(output_console(), NO_MARKET)
        return
    table = open_table(("market", "pairs", "runs"), ("from (UTC)", "to (UTC)"))
    for market in markets:
        runs = ", ".join(map(str, market.run_ids)) or UNDEFINED
        pairs = str(len(market.pairs))
        table.add_row(
            market.venue, pairs, runs, minute_text(market.first_time), minute_text(market.last_time)
        )
    output_console().print(table)


@app.command("delete")
def markets_delete(
    name: Annotated[str, typer.Argument(help="The market, as `hydra markets list` names it.")],
    recorded: Annotated[bool, typer.Option("--recorded", help="Allow deleting recorded history.")] = False,
    with_runs: Annotated[bool, typer.Option("--with-runs", help="The runs decided on it too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a generated market; recorded history only with --recorded."""
    with connect(database_url(load_settings(), Role.OWNER), autocommit=True) as connection:
        market = _named(stored_markets(connection), name)
        if not market.is_generated and not recorded:
            raise StopError(f"{name} is recorded history, not generated: add --recorded to delete it")
        what = f"the facts of {name} ({', '.join(market.pairs)})"
        if market.run_ids and with_runs:
            what += f" and {run_words(market.run_ids)}"
        if not yes:
            ask(f"Delete {what}?")
        if with_runs:
            delete_runs(connection, market.run_ids)
            market = _named(stored_markets(connection), name)
        delete_market(connection, market)
    print_line(error_console(), f"Deleted {what}.")


def _named(markets: list[StoredMarket], name: str) -> StoredMarket:
    for market in markets:
        if market.venue == name:
            return market
    known = ", ".join(market.venue for market in markets) or "none"
    raise StopError(f"no market {name} is stored; stored are: {known}")
