"""What a cycle reads does not grow with the run: a minute after a year costs what the first one costs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hydra.answers.run_events import WITHOUT_DATA
from hydra.db import queries
from hydra.db.engine import connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import Settings
from hydra.trading.runs import Run, RunPlan, create_run

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES, PAIRS = 4_000, tuple(range(1, 9))
LATE = START + timedelta(minutes=MINUTES - 2)
# Blocks of 8 KiB. A minute needs a few of each table and its index; the whole run has thousands.
MOST_BLOCKS = 100
READS = (
    "approved",
    "assessed",
    "chosen_signals",
    "claim",
    "clock",
    "equity",
    "evaluations",
    "last_equity",
    "latched",
    "open_positions",
    "opening_signals",
    "pipeline",
    "progress",
    "working_orders",
)
FILL = (
    "INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)"
    " SELECT %(run_id)s, minute, 'CLOSED', minute + interval '2 s', 'abc' FROM {minutes}",
    "INSERT INTO hydra.equity (run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd,"
    " exposure_usd, portfolio_heat) SELECT %(run_id)s, minute, 1, 0, 1, 1, 1, 0, 0 FROM {minutes}",
    "INSERT INTO hydra.assessments (run_id, instrument_id, time, tradability, reason_code, reason)"
    " SELECT %(run_id)s, pair, minute, 'ALLOW', 'NORMAL', 'as ever' FROM {minutes}, {pairs}",
    "INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,"
    " expected_adverse_excursion, holding_period_minutes, approved, chosen, reason_code, reason, thesis)"
    " SELECT %(run_id)s, pair, minute, 'CROWDING_FADE', 'LONG', 0.1, 0.01, 0.01, 60, false, false,"
    " 'CONFIDENCE_LOW', 'too low', 'none' FROM {minutes}, {pairs}",
    "INSERT INTO hydra.risk_decisions (run_id, instrument_id, time, approved, reason_code, reason)"
    " SELECT %(run_id)s, pair, minute, false, 'NO_SIGNAL', 'nothing' FROM {minutes}, {pairs}",
    "INSERT INTO hydra.positions (run_id, instrument_id, decision_time, side, state, opened_time,"
    " closed_time, quantity, peak_quantity, entry_price, exit_price, leverage, max_holding_until,"
    " exit_reason_code, gross_pnl_usd, fees_usd, funding_usd, net_pnl_usd, mark_source)"
    " SELECT %(run_id)s, pair, minute, 'LONG', 'CLOSED', minute, minute + interval '1 minute', 0, 1, 1, 1, 1,"
    " minute + interval '1 hour', 'TARGET_HIT', 0, 0, 0, 0, 'last' FROM {minutes}, {pairs}",
    "INSERT INTO hydra.orders (run_id, instrument_id, client_order_id, decision_time, role, order_type, side,"
    " reduce_only, quantity, reference_price, state, filled_quantity, placed_time, finished_time)"
    " SELECT %(run_id)s, pair, pair || ' ' || minute, minute, 'ENTRY', 'LIMIT', 'BUY', false, 1, 1, 'FILLED',"
    " 1, minute, minute FROM {minutes}, {pairs}",
    "INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id,"
    " item_ids, answer, known_at) SELECT %(run_id)s, pair, minute, 'hold', 'low', 'r', 'm', '{{}}', '{{}}',"
    " minute + interval '5 s' FROM {minutes}, {pairs}",
    "UPDATE hydra.signals SET approved = true, chosen = true WHERE run_id = %(run_id)s AND time = %(late)s",
    "UPDATE hydra.risk_decisions SET source = 'CROWDING_FADE', side = 'LONG' WHERE run_id = %(run_id)s",
    "ANALYZE hydra.cycles, hydra.equity, hydra.assessments, hydra.signals, hydra.risk_decisions,"
    " hydra.positions, hydra.orders, hydra.news_views",
)
SERIES = {
    "minutes": "generate_series(%(start)s, %(last)s, interval '1 minute') AS minute",
    "pairs": "unnest(%(pairs)s::smallint[]) AS pair",
}


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(database_url, autocommit=True)) as opened:
        ensure_instruments(opened)
        yield opened


@pytest.fixture(scope="module")
def run(connection: psycopg.Connection) -> Run:
    """A run that has decided a few days."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class
    plan = RunPlan(TradingMode.PAPER, MarketOrigin.GENERATED, 1, (), PAIRS, START, None)
    made = create_run(connection, plan, settings)
    last = START + timedelta(minutes=MINUTES - 1)
    values = {"run_id": made.run_id, "start": START, "last": last, "late": LATE, "pairs": list(PAIRS)}
    for statement in FILL:
        connection.execute(statement.format(**SERIES).encode(), values)
    return made


@pytest.mark.parametrize("query", READS)
def test_a_read_of_a_late_minute_touches_few_blocks(
    connection: psycopg.Connection, run: Run, query: str
) -> None:
    values: dict[str, Any] = {
        "run_id": run.run_id,
        "time": LATE,
        "as_of": LATE + timedelta(seconds=2),
        "news_counts_for": timedelta(hours=1),
        "instrument_ids": list(PAIRS),
        "evaluations": [LATE - timedelta(minutes=5 * back) for back in range(3)],
        "state": "OPEN",
        "durability": "off",
        "code_version": "abc",
        "without_data": list(WITHOUT_DATA),
    }
    explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {queries.load(f'stages/{query}')}"
    (answer,) = connection.execute(explained.encode(), values).fetchone() or ([],)
    top = answer[0]["Plan"]
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] <= MOST_BLOCKS, answer
