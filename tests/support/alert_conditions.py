"""What an operator has to be told of: for every kind of alert how it comes about, and how it ends."""

from dataclasses import dataclass

import psycopg

from tests.support.trade_scenario import write_scenario

RUN = 7


@dataclass(frozen=True)
class Planted:
    """SQL that brings the condition about and SQL that ends it; what is then said of it.

    is_supervised: whether a process keeps the run going meanwhile.
    """

    begin: str
    end: str
    subject: str
    severity: str
    words: tuple[str, ...]
    is_supervised: bool = True


LISTENING = """
UPDATE hydra.runs
SET market_origin = 'exchange', label = 'live',
    config = config || '{"exchange": {"name": "binance", "environment": "production", "venue": "binance"}}';
UPDATE hydra.cycles SET opened_at = now(), closed_at = now();
INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id)
VALUES ('binance', 'production', 'abc', 4711);
INSERT INTO market.ingest_progress (venue, session_id, committed_through, queued_rows, spilled_rows)
SELECT venue, session_id, now(), 0, 0 FROM market.ingest_sessions;
INSERT INTO market.feed_states (venue, feed, instrument_id, state, messages, messages_per_second)
VALUES ('binance', 'trades', 1, 'LIVE', 9, 1), ('binance', 'trades', 2, 'LIVE', 9, 1),
    ('binance', 'open_interest', 0, 'LIVE', 9, 1);
INSERT INTO market.retention (source_table, keep_days) VALUES ('candles_1m', 30);
INSERT INTO hydra.reconciliations (run_id, time, cause, duration_s, differences, left_open, wallet_usd,
    booked_usd)
VALUES (7, '2025-06-01 00:05Z', 'MINUTE', 0.1, 0, 0, 5000, 0);
INSERT INTO hydra.audit_rounds (started_at, finished_at, asked) VALUES (now(), now(), 38)
"""

PLANTED = {
    "kill_switch": Planted(
        "INSERT INTO hydra.kill_switch (run_id, scope, latched_time, cause)"
        " VALUES (7, 'portfolio', '2025-06-01 00:05Z', 'DAILY_DRAWDOWN: 5.20% > 5%')",
        "UPDATE hydra.kill_switch SET cleared_time = now(), cleared_by = 'anna', clear_reason = 'looked'",
        "run 7, kill switch ",
        "CRITICAL",
        ("run 7 (paper, live market binance)", "the whole portfolio", "DAILY_DRAWDOWN: 5.20% > 5%"),
    ),
    "model_not_used": Planted(
        "INSERT INTO hydra.run_scorers (run_id, time, wanted, score_kind, complaint) VALUES"
        " (7, '2025-06-01 00:04Z', 'signal-scorer@3', 'rule', 'signal-scorer@3 is retired; the rule scores')",
        "INSERT INTO hydra.run_scorers (run_id, time, wanted, score_kind, sha256) VALUES"
        " (7, '2025-06-01 00:05Z', 'signal-scorer@3', 'signal-scorer@3', 'ab')",
        "run 7",
        "WARNING",
        ("are scored by rule, asked for is signal-scorer@3", "signal-scorer@3 is retired"),
    ),
    "drawdown": Planted(
        "UPDATE hydra.equity SET equity_usd = 9600, day_peak_usd = 9700, peak_usd = 10000",
        "UPDATE hydra.equity SET equity_usd = 9701",
        "run 7",
        "WARNING",
        ("9600.00 USDT", "1.0 % below the highest of the day", "4.0 % below the highest of the run"),
    ),
    "dead_feed": Planted(
        "UPDATE market.feed_states SET state = 'SILENT', detail = 'connected, but nothing comes',"
        " last_time = '2026-11-28 08:30Z' WHERE instrument_id = 2",
        "UPDATE market.feed_states SET state = 'LIVE'",
        "binance, feed trades",
        "CRITICAL",
        ("silent for ETH", "last heard at 2026-11-28 08:30:00 UTC", "connected, but nothing comes"),
    ),
    "ingest_silent": Planted(
        "UPDATE market.ingest_progress SET updated_at = now() - interval '1 minute'",
        "UPDATE market.ingest_progress SET updated_at = now()",
        "binance",
        "CRITICAL",
        ("process 4711", "it was killed, or hangs", "run 7 (paper, live market binance) need it"),
    ),
    "run_dead": Planted(
        "SELECT 1",
        "UPDATE hydra.runs SET ended_at = now(), end_reason = 'stopped'",
        "run 7",
        "CRITICAL",
        ("No process keeps run 7 (paper, live market binance) going, and it holds 1 position",),
        is_supervised=False,
    ),
    "run_stands_still": Planted(
        "UPDATE hydra.cycles SET state = 'SIGNALLED', closed_at = NULL, opened_at = now() - interval '6 min'",
        "UPDATE hydra.cycles SET opened_at = now()",
        "run 7",
        "CRITICAL",
        ("run 7 (paper, live market binance) decides nothing", "2025-06-01 00:05 UTC, SIGNALLED"),
    ),
    "audit_finding": Planted(
        "INSERT INTO hydra.audit_rounds (started_at, finished_at, asked, findings) VALUES (now()"
        " + interval '1 s', now(), 38, '[{\"audit\": \"position_without_stop\", \"rows_found\": 2,"
        " \"first_rows\": [\"position_id=12\"]}]')",
        "INSERT INTO hydra.audit_rounds (started_at, finished_at, asked)"
        " VALUES (now() + interval '2 s', now(), 38)",
        "position_without_stop",
        "WARNING",
        ("found 2 wrong rows", "position_id=12"),
    ),
    "retention_behind": Planted(
        "UPDATE _timescaledb_catalog.chunk SET creation_time = creation_time - interval '33 days'",
        "UPDATE market.retention SET keep_days = NULL",
        "candles_1m",
        "WARNING",
        ("1 chunks of market.candles_1m are older than its window of 30 days",),
    ),
    "unprotected_position": Planted(
        "UPDATE hydra.orders SET quantity = 19 WHERE order_id = 24",
        "UPDATE hydra.orders SET quantity = 20 WHERE order_id = 24",
        "run 7, position 12",
        "CRITICAL",
        ("run 7 (paper, live market binance) has no stop", "ETH SHORT, 20 held since 2025-06-01 00:06"),
    ),
    "reconciliation_difference": Planted(
        "INSERT INTO hydra.account_differences (run_id, found_in, found_time, kind, symbol, subject,"
        " at_exchange, blocks_entries, done) SELECT 7, reconciliation_id, now(), 'ORDER_UNKNOWN', 'BTCUSDT',"
        " 'web_1', '{\"quantity\": 0.5}', true, 'left alone' FROM hydra.reconciliations",
        "UPDATE hydra.account_differences SET mended_time = now()",
        "run 7, BTCUSDT, ORDER_UNKNOWN web_1",
        "CRITICAL",
        ("differ in BTCUSDT: order unknown web_1", "the tables say nothing", '{"quantity": 0.5}'),
    ),
    "channel_failing": Planted(
        "INSERT INTO hydra.alert_channels (channel, failures, failing_since, detail)"
        " VALUES ('webhook', 4, now() - interval '2 minutes', 'it answered with status 500')",
        "UPDATE hydra.alert_channels SET failures = 0, failing_since = NULL",
        "webhook",
        "WARNING",
        ("on the channel webhook", "4 tries failed", "it answered with status 500"),
    ),
}  # fmt: skip


def write_listening_run(connection: psycopg.Connection) -> None:
    """A run on a real exchange with an open position, of which there is nothing to tell."""
    write_scenario(connection)
    connection.execute(LISTENING)
