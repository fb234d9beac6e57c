"""`hydra ingest`: listen to an exchange and store what it says."""

import logging
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from hydra.cli.output import output_console, print_line
from hydra.cli.pair_names import base_names
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.exchange.connect import EXCHANGES, environment_of, hosts_of, market_data, simulated_market
from hydra.exchange.hosts import Environment
from hydra.ingest.live.process import Orders, ingest
from hydra.paths import state_directory
from hydra.runtime.log_text import ShownRecords
from hydra.settings import Settings, load_settings
from hydra.trading.versions import code_version
from hydra.universe import UNIVERSE

ExchangeName = StrEnum("ExchangeName", {name.upper(): name for name in EXCHANGES})  # type: ignore[misc]  # of a variable

FOLDER: Final = "ingest"
LAYOUT: Final = "%(asctime)s %(levelname)s %(message)s"


def command(
    exchange: Annotated[
        ExchangeName, typer.Option(metavar="simulated|binance|bybit", help="Which exchange to listen to.")
    ] = ExchangeName.BINANCE,  # type: ignore[attr-defined]
    pairs: Annotated[str, typer.Option(help="Listen to these only, e.g. BTC,ETH.")] = "",
    capture: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write all raw frames there, compressed.")
    ] = None,
    venue: Annotated[
        str, typer.Option(metavar="NAME", help="End if the exchange that answers is not this one.")
    ] = "",
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait while another process listens to it; follow when it ends."),
    ] = False,
) -> None:
    """Listen to an exchange and store every fact, until SIGTERM or Ctrl-C.

    Exit status 1 if the exchange cannot be reached at the start, or refuses.
    """
    settings = load_settings()
    log_shown()
    orders = _orders(settings, str(exchange), base_names(pairs), capture, waits=wait)
    if venue not in {"", orders.data.capabilities.venue}:
        raise StopError(
            f"{orders.data.capabilities.venue} answers, not {venue}: stop what answers there, serve {venue} "
            "again, or leave out --venue"
        )
    console = output_console()
    uvloop.run(ingest(orders, partial(print_line, console)))
    print_line(console, f"stopped listening to {orders.data.capabilities.venue}")


def log_shown() -> None:
    """Log to the standard error, texts from outside shown."""
    handler = logging.StreamHandler()
    handler.setFormatter(ShownRecords(logging.Formatter(LAYOUT)))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def spill_folder(venue: str) -> Path:
    """Where the rows of `venue` wait while the database is away."""
    return state_directory() / FOLDER / venue


def _orders(
    settings: Settings, name: str, bases: tuple[str, ...], capture: Path | None, *, waits: bool
) -> Orders:
    url = database_url(settings, Role.WORKER)
    data = market_data(settings, name)
    hosts, environment = hosts_of(settings, name), environment_of(settings, name)
    is_simulated = environment is Environment.SIMULATED
    offered = simulated_market(hosts).pairs if is_simulated else [pair.exchange_symbol for pair in UNIVERSE]
    wanted = {pair.exchange_symbol for pair in UNIVERSE if pair.base in bases}
    symbols = [symbol for symbol in offered if not wanted or symbol in wanted]
    if len(symbols) < len(wanted):
        absent = ", ".join(sorted(wanted - set(symbols)))
        raise StopError(f"--pairs: {data.capabilities.venue} does not offer {absent}")
    key = settings.coinglass_api_key
    return Orders(
        data=data,
        environment=str(environment),
        symbols=symbols,
        url=url,
        spill=spill_folder(data.capabilities.venue),
        code_version=code_version(),
        base_url=hosts.rest if is_simulated else None,
        coinglass_key=key.get_secret_value() if key else None,
        capture=capture,
        waits=waits,
    )
