"""A paper run, its stages called one after the other in this process: the workers without messages."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

import psycopg

from hydra.db import queries
from hydra.domain import MarketOrigin, TradingMode
from hydra.durations import MINUTE
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.runtime.notifications import STEPS, Stage
from hydra.settings import Settings
from hydra.trading.parameters import Rules, recorded_rules
from hydra.trading.runs import EndReason, Run, RunExchange, RunPlan, create_run, end_run
from workers import layer4, layer5
from workers.layer2 import StatisticalLayer
from workers.layer3 import SignalLayer
from workers.stages import Handler, advance


def decide_live(  # noqa: PLR0913, PLR0917  # what a scene may vary
    connection: psycopg.Connection,
    database_url: str,
    instrument_ids: tuple[int, ...],
    start: datetime,
    minutes: int,
    rules: Rules,
    operate: Callable[[Run, datetime, Stage], None] = lambda _run, _time, _stage: None,
    exchange: RunExchange | None = None,
    as_of: Callable[[datetime], datetime | None] = lambda time: time + DECISION_DELAY,
) -> Run:
    """`minutes` of a paper run from `start`, to its end; `operate` may act before each stage of a minute.

    exchange: whose minutes they are; None: a replay of generated ones. as_of: of a minute; None: skip it.
    """
    plan = RunPlan(
        mode=TradingMode.PAPER,
        market_origin=MarketOrigin.EXCHANGE if exchange else MarketOrigin.GENERATED,
        seed=1,
        feeds=tuple(sorted(rules.statistical.data_health.feeds)),
        instrument_ids=instrument_ids,
        data_from=start,
        data_to=start + timedelta(minutes=minutes),
        exchange=exchange,
    )
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
    run = create_run(connection, plan, settings, recorded_rules(rules))
    with (
        closing(StatisticalLayer(lambda: database_url)) as layer2,
        closing(SignalLayer(lambda: database_url)) as layer3,
    ):
        answers: dict[Stage, Handler] = {
            Stage.BOOK_FILLS: layer5.book_fills,
            Stage.ASSESS: layer2.handle,
            Stage.SIGNAL: layer3.handle,
            Stage.DECIDE: layer4.write_decisions,
            Stage.EXECUTE: layer5.execute,
        }
        for minute in range(minutes):
            time = start + timedelta(minutes=minute)
            _decide(connection, run, time, as_of(time), answers, operate)
    end_run(connection, run.run_id, EndReason.FINISHED)
    return run


def _decide(
    connection: psycopg.Connection,
    run: Run,
    time: datetime,
    as_of: datetime | None,
    answers: dict[Stage, Handler],
    operate: Callable[[Run, datetime, Stage], None],
) -> None:
    values = {"run_id": run.run_id, "time": time, "as_of": as_of, "code_version": run.code_version}
    if as_of is None:
        skipped = {"first": time, "last": time, "as_of": time + MINUTE, "reason_code": "MINUTE_TOO_OLD"}
        connection.execute(queries.load("stages/skip_cycles"), {**values, **skipped})
        return
    connection.execute(queries.load("stages/open_cycle"), values)
    for step in STEPS:
        operate(run, time, step.stage)
        assert advance(connection, run, step, answers[step.stage]) is not None
