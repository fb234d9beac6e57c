"""The smallest stages that leave rows: a broker with actors of their own, for tests of the frame.

`dramatiq tests.support.plain_stages:broker` consumes the same messages as `dramatiq workers`. Every handler
reads what the previous stage wrote and what the previous cycle left, so that a lost, duplicate or incomplete
step shows.
"""

import hashlib
from datetime import timedelta
from typing import Final

import psycopg
from psycopg.types.json import Jsonb

from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.runtime.notifications import Stage
from hydra.settings import load_settings
from hydra.trading.cycle import Cycle
from hydra.trading.runs import Run
from workers.broker import worker_broker
from workers.stages import declare_stages

START_USD: Final = 10_000


def settle(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """Equity that depends on the cycle before: 10,000 plus one for every approval so far."""
    connection.execute(
        """
        INSERT INTO hydra.equity (run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd,
            exposure_usd, portfolio_heat)
        SELECT %(run)s, %(time)s, cash, 0, cash, cash, cash, 0, 0 FROM (
            SELECT coalesce((SELECT cash_usd FROM hydra.equity
                    WHERE run_id = %(run)s AND time = %(before)s), %(start)s)
                + (SELECT count(*) FROM hydra.risk_decisions WHERE run_id = %(run)s AND time = %(before)s
                    AND reason_code = 'CONFIDENCE_LOW') AS cash) AS settled
        """,
        _values(run, cycle),
    )


def assess(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """A verdict per pair whose number follows from the run's seed, the pair and the minute."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO hydra.assessments"
            " (run_id, instrument_id, time, tradability, reason_code, reason, numbers)"
            " VALUES (%s, %s, %s, 'ALLOW', 'NORMAL', 'plain', %s)",
            [
                (run.run_id, pair, cycle.time, Jsonb({"draw": draw(run, pair, cycle)}))
                for pair in run.instrument_ids
            ],
        )


def signal(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """A signal for the pairs whose assessment drew above a half."""
    connection.execute(
        """
        INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,
            expected_adverse_excursion, holding_period_minutes, approved, chosen, reason_code, reason, thesis)
        SELECT run_id, instrument_id, time, 'OI_DIVERGENCE', 'LONG', (numbers->>'draw')::float8, 0, 0, 60,
            false, false, 'CONFIDENCE_LOW', 'plain', 'plain'
        FROM hydra.assessments
        WHERE run_id = %(run)s AND time = %(time)s AND (numbers->>'draw')::float8 > 0.5
        """,
        _values(run, cycle),
    )


def decide(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """A veto for every pair, with its signal if it has one."""
    connection.execute(
        """
        INSERT INTO hydra.risk_decisions
            (run_id, instrument_id, time, source, side, approved, reason_code, reason)
        SELECT run_id, instrument_id, time, source, side, false,
            coalesce(signals.reason_code, 'NO_SIGNAL'), 'plain'
        FROM hydra.assessments LEFT JOIN hydra.signals USING (run_id, instrument_id, time)
        WHERE run_id = %(run)s AND time = %(time)s
        """,
        _values(run, cycle),
    )


def execute(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
    """An order for every decision with a signal, numbered by the decision."""
    connection.execute(
        """
        INSERT INTO hydra.orders (run_id, instrument_id, client_order_id, decision_time, role, order_type,
            side, reduce_only, quantity, reference_price, state, filled_quantity, placed_time)
        SELECT run_id, instrument_id,
            concat_ws('-', run_id, instrument_id, extract(epoch FROM time)::bigint), time,
            'ENTRY', 'POST_ONLY', 'BUY', false, 1, 1, 'CANCELED', 0, time
        FROM hydra.risk_decisions
        WHERE run_id = %(run)s AND time = %(time)s AND source IS NOT NULL
        """,
        _values(run, cycle),
    )


def draw(run: Run, pair: int, cycle: Cycle) -> float:
    """A number in [0, 1) that depends on seed, pair and minute alone."""
    text = f"{run.seed}/{pair}/{cycle.time.isoformat()}"
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def _values(run: Run, cycle: Cycle) -> dict[str, object]:
    before = cycle.time - timedelta(minutes=1)
    return {"run": run.run_id, "time": cycle.time, "before": before, "start": START_USD}


HANDLERS: Final = {
    Stage.BOOK_FILLS: settle,
    Stage.ASSESS: assess,
    Stage.SIGNAL: signal,
    Stage.DECIDE: decide,
    Stage.EXECUTE: execute,
}

broker = worker_broker()
declare_stages(broker, HANDLERS, lambda: database_url(load_settings(), Role.WORKER))
