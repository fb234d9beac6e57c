"""`hydra flatten`: close the position of a pair at the exchange and cancel its orders, whoever sent them."""

from typing import Annotated

import typer

from hydra.bounds import LARGEST_KEY
from hydra.cli.exchange_request import AskedFor, request
from hydra.domain import RequestVerb

_WILL = (
    "{run} cancels every order of {symbol} at the exchange and closes its whole position at market, also "
    "what HYDRA did not open."
)
_NEXT = (
    "HYDRA may enter {symbol} again when its layers allow it; "
    "`hydra kill --run {run} --symbol {symbol} --reason TEXT` keeps it out."
)


def command(
    symbol: Annotated[str, typer.Argument(help="The pair.")],
    reason: Annotated[str, typer.Option(help="Why, in words; stored and shown.")],
    run: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_KEY, help="Which run; needed where several trade.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Close a pair at the exchange at market and cancel all its orders; recorded with who and why."""
    request(AskedFor(RequestVerb.FLATTEN, symbol, None, reason, _WILL, _NEXT), run, yes=yes)
