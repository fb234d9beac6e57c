"""`hydra adopt`: let HYDRA take over a position that it did not open, or a balance that it cannot explain."""

from decimal import Decimal
from typing import Annotated

import typer

from hydra.bounds import LARGEST_KEY
from hydra.cli.exchange_request import AskedFor, price_of, request
from hydra.domain import RequestVerb
from hydra.trading.exchange_trades import QUOTE
from hydra.trading.operator_requests import AdoptedExits

LONGEST_HOURS = 168.0


def command(
    symbol: Annotated[str, typer.Argument(help="The pair, or USDT for the balance.")],
    reason: Annotated[str, typer.Option(help="Why, in words; stored and shown.")],
    stop: Annotated[
        str | None, typer.Option(help="The stop's price; a position that is taken over needs one.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The target's price; else twice as far away as the stop.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.1, max=LONGEST_HOURS, help="It is closed after so many hours.")
    ] = 24.0,
    run: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_KEY, help="Which run; needed where several trade.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take over what tables and exchange say differently: a position, with a stop of yours, or the balance.

    HYDRA places the stop, cancels the pair's orders that it did not send, and keeps the position as its own.
    """
    request(
        _asked(symbol, reason, price_of(stop, "--stop"), price_of(target, "--target"), hours), run, yes=yes
    )


def _asked(symbol: str, reason: str, stop: Decimal | None, target: Decimal | None, hours: float) -> AskedFor:
    if symbol.strip().upper() == QUOTE:
        return AskedFor(
            RequestVerb.ADOPT,
            symbol,
            None,
            reason,
            "From now on {run} compares balances with the wallet of now; the tables keep their amounts.",
            "`hydra report {run}` shows what the run earned; the audits show what differs again.",
        )
    if stop is None:
        return AskedFor(
            RequestVerb.ADOPT,
            symbol,
            None,
            reason,
            "What the tables of {run} hold of {symbol} and the exchange does not counts as closed. What the "
            "exchange holds is not taken over without --stop PRICE.",
            "`hydra why {symbol} --run {run}` shows it.",
        )
    at = f"target at {target}" if target is not None else "target twice as far away"
    will = (
        "{run} takes the position of {symbol} over: stop at "
        + f"{stop}, {at}, closed after {hours:g} hours at "
        "the latest. Orders of {symbol} that HYDRA did not send are cancelled."
    )
    return AskedFor(
        RequestVerb.ADOPT,
        symbol,
        AdoptedExits(stop, target, Decimal(str(hours))),
        reason,
        will,
        "`hydra why {symbol} --run {run}` shows it; `hydra flatten {symbol}` closes it.",
    )
