"""Five-minute candles of a backtest, those without minutes behind them: one join, however many there are."""

import psycopg

from hydra.db import queries

MINUTES, FIVE_MINUTES = 3_000, 700
FILL = (
    "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
    " SELECT 1, minute, minute + interval '1 minute', 2, 3, 1, 2, 1"
    " FROM generate_series(%(start)s::timestamptz, %(start)s::timestamptz + %(minutes)s * interval '1 minute'"
    "     - interval '1 minute', interval '1 minute') AS minute",
    "INSERT INTO market.candles_5m_recorded (instrument_id, time, known_at, open, high, low, close, volume)"
    " SELECT 1, five, five + interval '5 minutes', 2, 3, 1, 2, 5"
    " FROM generate_series(%(start)s::timestamptz, %(start)s::timestamptz + %(fives)s * interval '5 minutes'"
    "     - interval '5 minutes', interval '5 minutes') AS five",
)
START, END = "2025-06-01T00:00Z", "2025-06-05T00:00Z"


def test_they_are_joined_also_where_the_minutes_outgrow_the_memory_of_a_hash(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
        for statement in FILL:
            connection.execute(statement, {"start": START, "minutes": MINUTES, "fives": FIVE_MINUTES})
        connection.execute("SET work_mem = '64kB'")
        connection.execute(
            f"PREPARE five_minutes (smallint[], timestamptz, timestamptz, timestamptz) AS "
            f"{queries.load('backtest/five_minute_candles')}"
        )
        asked = f"EXECUTE five_minutes ('{{1}}', '{START}', '{END}', '{END}')"
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {asked}").fetchall())
        assert "Anti Join" in plan, plan
        assert len(connection.execute(asked).fetchall()) == FIVE_MINUTES - MINUTES // 5
