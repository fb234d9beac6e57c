"""`hydra exchange serve`: the simulated exchange, Binance USD-M's protocol on loopback."""

import asyncio
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hydra.answers.timestamps import parse_instant
from hydra.cli import db
from hydra.cli.market_options import SeedOption, parse_range, refuse_exchange
from hydra.cli.output import TextConsole, print_line
from hydra.cli.pair_names import base_names
from hydra.cli.run import planted
from hydra.db.arrow import arrow_reader
from hydra.db.arrow_connection import ArrowConnection
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.exchange.instruments import load_instrument_terms
from hydra.ingest.terms import stored_terms
from hydra.outside_text import shown
from hydra.runtime.run_market import GENERATED_START, MarketRequest, recorded_market
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.sim.exchange.clock import MAXIMAL
from hydra.sim.exchange.faults import FaultKind, fault_of_option
from hydra.sim.exchange.market import instant
from hydra.sim.exchange.private.account_file import own_account
from hydra.sim.exchange.recorded import RecordedSource
from hydra.sim.exchange.server import DEFAULT_PORT, Exchange, Serving
from hydra.sim.exchange.sources import GeneratedMarket, GeneratedSource, listed_pair
from hydra.sim.exchange.weights import WEIGHT_LIMIT
from hydra.sim.market.settings import MOST_PAIRS, Scenario
from hydra.universe import UNIVERSE

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def exchange() -> None:
    """The simulated exchange."""


@app.command()
def serve(  # noqa: PLR0913, PLR0917  # one parameter an option
    market: Annotated[
        MarketOrigin, typer.Option(metavar="generated|recorded", help="Where the market comes from.")
    ] = MarketOrigin.GENERATED,
    start: Annotated[
        str | None, typer.Option("--from", help="Where its clock starts, ISO 8601, UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Where its clock stops; else it runs on.")] = None,
    speed: Annotated[
        str, typer.Option(help="How many times real time, or max: as fast as its clients read.")
    ] = "1",
    seed: SeedOption = None,
    scenario: Annotated[
        list[Scenario] | None,
        typer.Option(
            metavar="NAME",
            help=f"Planted into every generated day: {', '.join(Scenario)}; can be repeated. [default: day]",
        ),
    ] = None,
    pairs: Annotated[
        str,
        typer.Option(
            help="Comma-separated, e.g. BTC,ETH; or how many generated ones, e.g. 100. "
            "[default: the universe]"
        ),
    ] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="On 127.0.0.1; 0 for any free one.")
    ] = DEFAULT_PORT,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND,key=value,...",
            help=f"A fault: {', '.join(FaultKind)}; with stream, endpoint, symbol, probability, count, "
            "start, end, value, seed. Can be repeated.",
        ),
    ] = None,
    weight_limit: Annotated[int, typer.Option(min=1, help="Request weight a minute.")] = WEIGHT_LIMIT,
    began: Annotated[
        str | None,
        typer.Option(
            help="When its clock stood at --from, ISO 8601, UTC: it stands where it would be had it run ever "
            "since, as an exchange that was started again. [default: when it can be heard]",
            show_default=False,
        ),
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Who may trade: a file with key and secret of an account, written with a new key if there "
            "is none. The account goes on where it was.",
        ),
    ] = None,
) -> None:
    """Serve a market over Binance USD-M's REST and WebSocket protocol, until Ctrl-C.

    Nothing leaves this machine.
    """
    refuse_exchange(market)
    scenarios, (first, last) = planted(scenario, market), parse_range(start, end)
    is_generated = market is MarketOrigin.GENERATED
    serving = Serving(
        speed=Speed.parse(speed).factor or MAXIMAL,
        seed=(seed or 0) if is_generated else None,
        faults=tuple(fault_of_option(text) for text in fault or ()),
        port=port,
        weight_limit=weight_limit,
        began=None if began is None else parse_instant("--began", began),
        account=own_account(account) if account else None,
    )
    if is_generated:
        asyncio.run(_serve(Exchange(_generated(first, last, seed or 0, scenarios, pairs), serving), account))
        return
    if seed is not None:
        raise StopError("--seed: a recorded market has none; leave it out, or add --market generated")
    db.up()
    url = database_url(load_settings(), Role.READER)
    with arrow_reader(url) as reader:
        source = _recorded(url, reader, MarketRequest(market, None, base_names(pairs), first, last))
        asyncio.run(_serve(Exchange(source, serving), account))


def _generated(
    start: datetime | None, end: datetime | None, seed: int, scenarios: tuple[Scenario, ...], pairs: str
) -> GeneratedSource:
    start = start or GENERATED_START
    if end is not None and end <= start:
        raise StopError(f"--to {end:%Y-%m-%dT%H:%M}: the market begins {start:%Y-%m-%dT%H:%M}")
    count = len(UNIVERSE)
    if pairs.isdigit():
        count, pairs = int(pairs), ""
        if not 1 <= count <= MOST_PAIRS:
            raise StopError(f"--pairs {count}: generate 1 to {MOST_PAIRS:,} pairs")
    return GeneratedSource(GeneratedMarket(seed, start, end, scenarios, count, base_names(pairs)))


def _recorded(url: str, reader: ArrowConnection, asked: MarketRequest) -> RecordedSource:
    """Raises StopError where nothing is stored."""
    with closing(connect(url, autocommit=True)) as connection:
        found = recorded_market(connection, asked.names, asked.start, asked.end)
        pairs = {
            one.pair.instrument_id: listed_pair(
                stored_terms(connection, one.pair.instrument_id, one, found.data_from)
            )
            for one in load_instrument_terms()
        }
    ids = found.instrument_ids
    return RecordedSource(reader, ids, tuple(pairs[one] for one in ids), found.data_from, found.data_to)


async def _serve(exchange: Exchange, account: Path | None) -> None:
    async with exchange.running() as port:
        console, venue = TextConsole(), exchange.market.source.venue
        print_line(
            console,
            f"The simulated exchange serves {venue} at http://127.0.0.1:{port} from "
            f"{instant(exchange.clock.now_ms()):%Y-%m-%d %H:%M} UTC. Ctrl-C stops it.",
        )
        if account:
            print_line(console, f"The key and secret of its account stand in {shown(str(account))}.")
        await exchange.played()
