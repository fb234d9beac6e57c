"""Which stored market a check uses, and the rules that decide on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from rich.console import Console

from hydra.backtest.backtest_scorer import backtest_scorer
from hydra.checks.replay import scorers_of_run
from hydra.cli import db
from hydra.cli.market_options import parse_range, refuse_exchange
from hydra.cli.output import progress_bar
from hydra.cli.pair_names import base_names
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.durations import MINUTE
from hydra.errors import StopError
from hydra.runtime.run_market import MarketRequest, prepare_market
from hydra.settings import load_settings
from hydra.trading.parameters import Rules, rules_of, rules_of_run
from hydra.trading.runs import LABELS, read_run
from hydra.trading.scoring import ScorerSince

NEWEST: Final = timedelta(days=1)
"""Without a range, a check of a recorded market covers this much of its end."""


@dataclass(frozen=True)
class CheckRequest:
    """What the options name: a run, or a market with its pairs and range."""

    run_id: int | None
    origin: MarketOrigin
    start: str | None
    end: str | None
    seed: int | None
    pairs: str


@dataclass(frozen=True)
class CheckedMarket:
    """The minutes of [start, end) of some instruments, and the rules.

    run_id: the run whose stored news views are read; None: none are. scorers: see `simulate`.
    """

    url: str
    title: str
    instrument_ids: tuple[int, ...]
    start: datetime
    end: datetime
    rules: Rules
    run_id: int | None = None
    scorers: tuple[ScorerSince, ...] = ()


def checked_market(asked: CheckRequest, console: Console) -> CheckedMarket:
    """The market of a check; a generated one is made and stored if it has to be.

    Raises:
        StopError: there is no such run or market, or an option has an invalid value.
        DatabaseError: the server cannot be used.
    """
    _refuse_contradiction(asked)
    db.up()
    return _of_options(asked, console) if asked.run_id is None else _of_run(asked, asked.run_id)


def _refuse_contradiction(asked: CheckRequest) -> None:
    start, end = parse_range(asked.start, asked.end)
    if start is not None and end is not None and end <= start:
        raise StopError(f"--from {asked.start} does not lie before --to {asked.end}: exchange the two")
    named = [name for name, value in (("--pairs", asked.pairs), ("--seed", asked.seed)) if value]
    if asked.run_id is not None and named:
        raise StopError(
            f"{' and '.join(named)} beside --run {asked.run_id}: a run has pairs and seed of its own"
        )


def _of_options(asked: CheckRequest, console: Console) -> CheckedMarket:
    refuse_exchange(asked.origin)
    settings = load_settings()
    start, end = parse_range(asked.start, asked.end)
    request = MarketRequest(asked.origin, asked.seed, base_names(asked.pairs), start, end)
    with progress_bar(console) as bar:
        task = bar.add_task(f"preparing the {LABELS[asked.origin]} market", total=1.0)
        found = prepare_market(
            database_url(settings, Role.OWNER), request, lambda share: bar.update(task, completed=share)
        )
    first = found.data_from
    if asked.origin is MarketOrigin.RECORDED and start is None:
        first = max(first, found.data_to - NEWEST)
    url = database_url(settings, Role.READER)
    with connect(url, autocommit=True) as connection:
        # A check asks what is the same, not what is earned: any model may be checked on any minutes.
        rules = rules_of(settings, found.feeds)
        scorer = backtest_scorer(connection, rules, first, allows_in_sample=True)
    return CheckedMarket(
        url,
        f"the {LABELS[asked.origin]} market",
        found.instrument_ids,
        first,
        found.data_to,
        scorer.rules,
        scorers=scorer.scorers,
    )


def _of_run(asked: CheckRequest, run_id: int) -> CheckedMarket:
    url = database_url(load_settings(), Role.READER)
    with connect(url, autocommit=True) as connection:
        run = read_run(connection, run_id)
        first, last = _decided(connection, run_id)
        scorers = scorers_of_run(connection, run)
    start, end = parse_range(asked.start, asked.end)
    return CheckedMarket(
        url,
        f"the {run.label} market of run {run_id}",
        run.instrument_ids,
        start or first,
        end or last + MINUTE,
        rules_of_run(run),
        run_id,
        scorers,
    )


def _decided(connection: psycopg.Connection, run_id: int) -> tuple[datetime, datetime]:
    row = connection.execute(queries.load("backtest/decided_range"), {"run_id": run_id}).fetchone()
    if row is None or row[0] is None:
        raise StopError(f"run {run_id} has not decided a minute yet: name a market with --from and --to")
    return row[0], row[1]
