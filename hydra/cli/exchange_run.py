"""`hydra run --exchange NAME`: a run on a connected exchange, or on the simulated one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import typer
from psycopg import Connection
from rich.console import Console

from hydra.answers.formatting import minute_text
from hydra.answers.run_choice import rows_of
from hydra.cli.output import print_line, progress_bar
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.exchange.interface import Feed
from hydra.layers.layer2_data_health import CLOCK_FEED, LIQUIDATION_FEED, ORDER_BOOK_FEED
from hydra.registry.run_record import scorer_record
from hydra.runtime.exchange_market import SIMULATED, ExchangeRequest, ListenedMarket, listening
from hydra.runtime.speed import Speed
from hydra.settings import Settings
from hydra.trading.parameters import recorded_rules, rules_of
from hydra.trading.runs import Run, RunPlan, create_run

_DECLARED: Final = {Feed.ORDER_BOOKS: ORDER_BOOK_FEED, Feed.LIQUIDATIONS: LIQUIDATION_FEED}


def feeds_of(speed: Speed, streamed: frozenset[Feed]) -> tuple[str, ...]:
    """A run on an exchange declares what that streams (C111), and the clock unless time is what is heard."""
    feeds = tuple(name for feed, name in _DECLARED.items() if feed in streamed)
    return feeds if speed.factor is None else (*feeds, CLOCK_FEED)


class ExchangeName(StrEnum):
    """The exchanges of --exchange."""

    SIMULATED = SIMULATED
    BINANCE = "binance"
    BYBIT = "bybit"


def asked_exchange(
    context: typer.Context,
    name: ExchangeName,
    names: tuple[str, ...],
    speed: Speed | None,
    settings: Settings,
) -> ExchangeRequest:
    """The exchange that the options of `hydra run` name; those of a market go to the simulated one.

    Raises:
        StopError: an option shapes a market, and the exchange is a real one; or what trades at an exchange is
            to end by itself, or to run ahead of its orders.
    """
    words = [word for option in _given(context) for word in option]
    if settings.trading_mode.is_at_exchange:
        refuse_end(words, settings.trading_mode)
    if name is ExchangeName.SIMULATED:
        usual = Speed(1.0) if settings.trading_mode.is_at_exchange else Speed(None)
        return ExchangeRequest(name, names, tuple(words), speed or usual, account_of(settings))
    refused = [word for word in words[::2] if word != "--to"] + ["--speed"] * (speed is not None)
    if refused:
        raise StopError(
            f"--exchange {name}: a real exchange has one market, which goes on now; leave out "
            f"{', '.join(refused)}"
        )
    return ExchangeRequest(name, names)


def refuse_end(words: list[str], mode: TradingMode) -> None:
    """Refuse --to: positions and stops at the exchange would be left to nobody.

    Raises:
        StopError: it is given.
    """
    if "--to" in words:
        raise StopError(
            f"--to: a run in {mode} mode ends by Ctrl-C, and --resume goes on with it: leave it out"
        )


def account_of(settings: Settings) -> Path | None:
    """The file of the account that a simulated exchange serves for this mode."""
    file = settings.simulated_account_file if settings.trading_mode.is_at_exchange else None
    return None if file is None else file.absolute()


_SERVED: Final = {
    "market": "--market",
    "seed": "--seed",
    "start": "--from",
    "end": "--to",
    "scenario": "--scenario",
}


def _given(context: typer.Context) -> Iterator[tuple[str, str]]:
    """The options of a market on the command line, for `hydra exchange serve`."""
    for name, option in _SERVED.items():
        source = context.get_parameter_source(name)
        value = context.params[name]
        if source is not None and source.name == "COMMANDLINE":
            yield from ((option, str(one)) for one in (value if isinstance(value, list) else [value]))


@contextmanager
def new_exchange_run(
    settings: Settings, asked: ExchangeRequest, end: datetime | None, console: Console
) -> Iterator[tuple[Run, ListenedMarket]]:
    """A new run on the exchange that is asked for, to `end` or for ever; its market is listened to.

    Raises:
        StopError: the exchange or ingest does not start, or a pair is not traded there; or orders are to go
            to an account that may not be traded, or that differs from the tables.
        DatabaseError: the database server cannot be used.
    """
    with _listening(settings, asked, console) as market:
        own = with_account(settings, market, partial(print_line, console))
        if end is not None and market.data_from >= end:
            raise StopError(
                f"{market.exchange.venue} is heard to {minute_text(market.data_from)} UTC already, beyond "
                "--to: choose a later one, or another market by --seed or --from"
            )
        plan = RunPlan(
            mode=settings.trading_mode,
            market_origin=MarketOrigin.EXCHANGE,
            seed=market.seed,
            feeds=feeds_of(market.speed, market.feeds),
            instrument_ids=market.instrument_ids,
            data_from=market.data_from,
            data_to=end,
            speed=str(market.speed),
            exchange=market.exchange,
        )
        rules = rules_of(own, plan.feeds)
        with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
            model = scorer_record(connection, rules, plan.mode)
            run = create_run(connection, plan, own, {**recorded_rules(rules), **model})
            compare_account(settings, run, market, connection, console)
        yield run, market


def with_account(settings: Settings, market: ListenedMarket, tell: Callable[[str], None]) -> Settings:
    """The settings of a new run: its balance is the account's wallet, and a live position has a cap.

    Raises:
        StopError: the account may not be traded.
    """
    mode = settings.trading_mode
    if not mode.is_at_exchange:
        return settings
    if market.speed.factor is None:
        raise StopError(
            f"--mode {mode}: orders need time to fill: start the simulated exchange with --speed 60 or less, "
            "not max"
        )
    from hydra.runtime.account_start import (  # noqa: PLC0415  # loads what speaks to an account
        examine_before,
        refuse_account_in_use,
        wallet_usd,
    )

    refuse_account_in_use(settings, market.exchange.venue)
    here, name = market.found_by(settings), market.exchange.name
    examine_before(here, name, tell)
    found: dict[str, float] = {"initial_balance": float(wallet_usd(here, name))}
    if mode is TradingMode.LIVE and settings.live_size_cap_usd < settings.max_position_size_usd:
        found["max_position_size_usd"] = settings.live_size_cap_usd
        tell(
            f"No position is larger than {settings.live_size_cap_usd:g} USDT (LIVE_SIZE_CAP_USD): a new run "
            "takes a higher one."
        )
    return settings.model_copy(update=found)


def compare_account(
    settings: Settings, run: Run, market: ListenedMarket, connection: Connection, console: Console
) -> None:
    """Compare the run with its account before a minute is decided, if its orders go to an exchange.

    Raises:
        StopError: it is live, and a difference is left that only a person can judge.
    """
    if run.is_at_exchange:
        from hydra.runtime.account_start import (  # noqa: PLC0415  # loads what speaks to an account
            reconcile_at_start,
            refuse_differences,
        )

        reconciled = reconcile_at_start(market.found_by(settings), run, connection)
        refuse_differences(connection, run, reconciled, partial(print_line, console))


@contextmanager
def _listening(settings: Settings, asked: ExchangeRequest, console: Console) -> Iterator[ListenedMarket]:
    with ExitStack() as stack:
        with progress_bar(console) as bar:
            task = bar.add_task("fetching the history", total=1.0)
            tell, progress = partial(print_line, console), lambda share: bar.update(task, completed=share)
            market = stack.enter_context(listening(settings, asked, tell, progress))
        yield market


@contextmanager
def listened_again(settings: Settings, run: Run, console: Console) -> Iterator[ListenedMarket]:
    """The market of a run that goes on.

    Raises:
        StopError: the exchange does not start, or is another one.
        DatabaseError: the database server cannot be used.
    """
    exchange = run.exchange
    if exchange is None:
        raise AssertionError("the run of an exchange names it")
    with connect(database_url(settings, Role.READER)) as connection:
        pairs = rows_of(connection, "why/instruments", run_id=run.run_id)
    names = tuple(str(pair["base"]) for pair in pairs)
    speed, account = Speed.parse(run.speed), account_of(settings)
    asked = ExchangeRequest(exchange.name, names, exchange.serving, speed, account)
    with _listening(settings, asked, console) as market:
        if market.exchange.venue != exchange.venue:
            raise StopError(
                f"run {run.run_id} listens to {exchange.venue}, but {market.exchange.venue} answers: "
                "stop what answers there, or set EXCHANGE_URL"
            )
        if run.is_at_exchange:
            from hydra.runtime.account_start import (  # noqa: PLC0415  # loads what speaks to an account
                examine_before,
                refuse_account_in_use,
            )

            refuse_account_in_use(settings, exchange.venue)
            examine_before(market.found_by(settings), exchange.name, partial(print_line, console))
            with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
                compare_account(settings, run, market, connection, console)
        yield market
