"""Runs one backtest: reads the market, decides it, stores the rows.

Source: docs/architecture.md, laws 2 and 10.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import psycopg

from hydra.backtest.adaptive_thresholds import with_own_thresholds
from hydra.backtest.backtest_scorer import BacktestScorer, backtest_scorer
from hydra.backtest.equity_path import EquityPath, equity_path
from hydra.backtest.five_minute_bars import five_minute_record
from hydra.backtest.market import BacktestMarket, read_market
from hydra.backtest.minutes_of_run import market_of_run
from hydra.backtest.news import with_news_of_run
from hydra.backtest.persisted import StoredRows
from hydra.backtest.simulation import PreparedMarket, Simulation, Stopwatch, prepare, simulate
from hydra.backtest.store import store
from hydra.backtest.stress import Stress, stressed_rules
from hydra.db import queries
from hydra.domain import MarketOrigin, TradingMode
from hydra.settings import Settings
from hydra.trading.parameters import Rules, recorded_rules
from hydra.trading.runs import EndReason, Run, RunExchange, RunPlan, create_run, end_run, read_run
from hydra.trading.stored_news import WITHOUT_NEWS, NewsChoice, repeat_stored_news

MINUTES_OF: Final = "minutes_of"
"""The key of `runs.config` that names the run whose minutes a backtest decided."""


@dataclass(frozen=True)
class MarketChoice:
    """A stored market, its minutes [data_from, data_to), the stresses applied to it, and what news it has.

    minutes_of: the run whose minutes are decided, each on what that run saw; None: all, on what was known.
    exchange: what that run listened to.
    """

    origin: MarketOrigin
    seed: int | None
    instrument_ids: tuple[int, ...]
    feeds: tuple[str, ...]
    data_from: datetime
    data_to: datetime
    stresses: tuple[Stress, ...] = ()
    news: NewsChoice = WITHOUT_NEWS
    minutes_of: int | None = None
    exchange: RunExchange | None = None


@dataclass(frozen=True)
class BacktestRun:
    """A stored backtest: its run, simulation and equity, and the seconds by stage."""

    run: Run
    simulation: Simulation
    equity: EquityPath
    seconds: Mapping[str, float]


def read_choice(
    connection: psycopg.Connection, url: str, choice: MarketChoice, watch: Stopwatch
) -> BacktestMarket:
    """The market of `choice`, from the database.

    Raises:
        StopError: there is no candle in the range.
        DatabaseError: the facts cannot be read.
    """
    with watch.measure("read"):
        if choice.minutes_of is not None:
            return market_of_run(connection, url, read_run(connection, choice.minutes_of), choice.data_to)
        return read_market(
            connection,
            url,
            choice.instrument_ids,
            choice.data_from,
            choice.data_to,
            plays_five_minute_bars=True,
        )


def run_backtest(  # noqa: PLR0913  # what a run's record holds
    connection: psycopg.Connection,
    url: str,
    choice: MarketChoice,
    settings: Settings,
    rules: Rules,
    rows: StoredRows,
    progress: Callable[[float], None] = lambda _share: None,
    *,
    allows_in_sample: bool = False,
) -> BacktestRun:
    """Decide the minutes of `choice` with `rules` and store the result under a new run.

    allows_in_sample: the model may have been trained on these minutes; the run says so wherever it appears.

    Raises:
        StopError: there is no candle in the range, or the model that the rules name may not score it.
        DatabaseError: the facts cannot be read.
    """
    watch = Stopwatch()
    scorer = backtest_scorer(connection, rules, choice.data_from, allows_in_sample=allows_in_sample)
    market = read_choice(connection, url, choice, watch)
    with watch.measure("read"):
        market = with_own_thresholds(market, url, rules)
    prepared = prepare(market, watch)
    return decide_and_store(connection, prepared, choice, settings, scorer, rows, watch, progress)


def decide_and_store(  # noqa: PLR0913, PLR0917  # what a run's record holds
    connection: psycopg.Connection,
    prepared: PreparedMarket,
    choice: MarketChoice,
    settings: Settings,
    scorer: BacktestScorer,
    rows: StoredRows,
    watch: Stopwatch,
    progress: Callable[[float], None] = lambda _share: None,
) -> BacktestRun:
    """`run_backtest` on a prepared market.

    Raises:
        StopError: no stored news of the choice cover its range; nothing is stored.
    """
    plan = RunPlan(
        mode=TradingMode.BACKTEST,
        market_origin=choice.origin,
        seed=choice.seed,
        feeds=choice.feeds,
        instrument_ids=choice.instrument_ids,
        data_from=choice.data_from,
        data_to=choice.data_to,
        exchange=choice.exchange,
        is_in_sample=scorer.is_in_sample,
    )
    stressed = stressed_rules(scorer.rules, choice.stresses)
    record = {
        **recorded_rules(stressed),
        "stress": [stress.value for stress in choice.stresses],
        "stored_rows": rows.value,
        **five_minute_record(prepared.market, prepared.inputs),
        **choice.news.record,
        **({} if choice.minutes_of is None else {MINUTES_OF: choice.minutes_of}),
        **scorer.record,
    }
    with connection.transaction():
        run = create_run(connection, plan, settings, record)
        if scorer.served is not None:
            note = {"run_id": run.run_id, "time": run.data_from, **scorer.served.record}
            connection.execute(queries.load("stages/add_scorer"), note)
        repeat_stored_news(connection, run, stressed, choice.news)
    try:
        market = with_news_of_run(connection, prepared.market, run.run_id)
        prepared = replace(prepared, market=market)
        simulation = simulate(
            prepared,
            stressed,
            run.run_id,
            watch,
            plays_every_minute=rows is StoredRows.ALL,
            closes_at_the_end=True,
            scorers=scorer.scorers,
            progress=progress,
        )
        equity = equity_path(market, simulation.log)
        with watch.measure("write"):
            store(connection, run, simulation, equity, rows)
            end_run(connection, run.run_id, EndReason.FINISHED)
    except Exception as error:
        with suppress(psycopg.OperationalError):  # if the server is gone, the first error is the cause
            end_run(connection, run.run_id, f"failed: {type(error).__name__}: {error}")
        raise
    return BacktestRun(run, simulation, equity, dict(watch.seconds))
