"""Which input a minute without rows lacked: a backtest counts its verdicts, and the facts say why.

Source: docs/architecture.md, "Asking why"; C111 (every input has a state and an age).
"""

from dataclasses import replace

import numpy as np
import psycopg

from hydra.answers.run_events import WITHOUT_DATA
from hydra.answers.why import CountedHour
from hydra.answers.why_gates import InputReading, input_readings
from hydra.backtest.columns import decision_keys
from hydra.backtest.market import epoch_minute, five_minute_candles, market_of, with_five_minute_bars
from hydra.durations import HOUR, MINUTE
from hydra.trading.assessed_minutes import assess_each
from hydra.trading.assessment_rows import assessment_row
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run, read_run


def with_inputs(connection: psycopg.Connection, url: str, hour: CountedHour) -> CountedHour:
    """`hour` with the state of every input in its minute, if data were the reason for a verdict of the hour.

    Raises:
        DatabaseError: the facts cannot be read.
    """
    if not any(count["reason_code"] in WITHOUT_DATA for count in hour.counts):
        return hour
    return replace(hour, inputs=_read_again(connection, url, read_run(connection, hour.run_id), hour))


def _read_again(
    connection: psycopg.Connection, url: str, run: Run, hour: CountedHour
) -> tuple[InputReading, ...]:
    """The inputs of the pair and minute, by the functions that assess a stored minute."""
    ids = [hour.instrument_id]
    market = market_of(connection, url, ids, np.array([epoch_minute(hour.time)], np.int64))
    bars = five_minute_candles(url, ids, hour.time - HOUR, hour.time + MINUTE)
    facts = (market if bars is None else with_five_minute_bars(market, bars)).facts
    (row,) = assess_each(facts, decision_keys(market), rules_of_run(run).statistical).to_dicts()
    assessment = assessment_row(Cycle(run.run_id, hour.time, row["time"]), row)
    return input_readings(assessment["numbers"]["inputs"])
