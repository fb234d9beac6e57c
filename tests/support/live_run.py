"""A paper run, its stages called one after the other in this process: the workers without messages."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

import psycopg

from hydra.db import queries
from hydra.domain import MarketOrigin, TradingMode
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.notifications import STEPS, Stage
from hydra.settings import Settings
from hydra.trading.parameters import Rules, recorded_rules
from hydra.trading.runs import EndReason, Run, RunPlan, create_run, end_run
from workers import layer3, layer4, layer5
from workers.layer2 import StatisticalLayer
from workers.stages import Handler, advance


def decide_live(
    connection: psycopg.Connection,
    database_url: str,
    instrument_ids: tuple[int, ...],
    start: datetime,
    minutes: int,
    rules: Rules,
    operate: Callable[[Run, datetime, Stage], None] = lambda _run, _time, _stage: None,
) -> Run:
    """`minutes` of a paper run from `start`, to its end; `operate` may act before each stage of a minute."""
    plan = RunPlan(
        mode=TradingMode.PAPER,
        market_origin=MarketOrigin.GENERATED,
        seed=1,
        feeds=tuple(sorted(rules.statistical.data_health.feeds)),
        instrument_ids=instrument_ids,
        data_from=start,
        data_to=start + timedelta(minutes=minutes),
    )
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
    run = create_run(connection, plan, settings, recorded_rules(rules))
    with closing(StatisticalLayer(lambda: database_url)) as layer2:
        answers: dict[Stage, Handler] = {
            Stage.BOOK_FILLS: layer5.book_fills,
            Stage.ASSESS: layer2.handle,
            Stage.SIGNAL: layer3.write_signals,
            Stage.DECIDE: layer4.write_decisions,
            Stage.EXECUTE: layer5.execute,
        }
        for minute in range(minutes):
            _decide(connection, run, start + timedelta(minutes=minute), answers, operate)
    end_run(connection, run.run_id, EndReason.FINISHED)
    return run


def _decide(
    connection: psycopg.Connection,
    run: Run,
    time: datetime,
    answers: dict[Stage, Handler],
    operate: Callable[[Run, datetime, Stage], None],
) -> None:
    values = {
        "run_id": run.run_id,
        "time": time,
        "as_of": time + DECISION_DELAY,
        "code_version": run.code_version,
    }
    connection.execute(queries.load("stages/open_cycle"), values)
    for step in STEPS:
        operate(run, time, step.stage)
        assert advance(connection, run, step, answers[step.stage]) is not None
