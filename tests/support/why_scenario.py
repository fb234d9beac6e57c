"""One generated run of a few minutes in which every gate says no once: the rows that `hydra why` reads.

The minutes of 2025-06-01. BTC: 10:00 trades and closes at 12:00, 10:05 already holds a position. ETH: 10:00
waits for its cool-down, 10:01 has stale data, 10:02 has the news against it, 10:03 is restricted. SOL: 10:00
is quiet, 10:01 is too weak, 10:02 misses its fill, 10:03 is killed. 10:06 is being decided, 10:07 skipped.
"""

import psycopg

FRESH = """{"inputs": {
    "candles": {"state": "ok", "age_seconds": 2}, "history": {"state": "ok", "age_seconds": null},
    "funding": {"state": "ok", "age_seconds": 7200}, "open_interest": {"state": "ok", "age_seconds": 120},
    "order_book": {"state": "not_recorded", "age_seconds": null},
    "liquidations": {"state": "not_recorded", "age_seconds": null}},
  "reasons": ["NORMAL"],
  "measured": {"funding_rate": 0.0001, "oi_delta_pct": 0.004, "liq_imbalance": null, "return_24h": 0.011,
    "long_short_ratio": 1.4, "volatility_percentile": 0.4}}"""
STALE = FRESH.replace(
    '"open_interest": {"state": "ok", "age_seconds": 120}',
    '"open_interest": {"state": "stale", "age_seconds": 900}',
).replace('"NORMAL"', '"DATA_STALE", "VOLATILITY_HIGH"')
HIGH = FRESH.replace('"NORMAL"', '"VOLATILITY_HIGH"')

RUN = """
INSERT INTO market.instruments
    (instrument_id, venue, kind, symbol, exchange_symbol, base, quote, aliases)
VALUES
    (1, 'simulated-7', 'perpetual', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', '{}'),
    (2, 'simulated-7', 'perpetual', 'ETH/USDT:USDT', 'ETHUSDT', 'ETH', 'USDT', '{}'),
    (3, 'simulated-7', 'perpetual', 'SOL/USDT:USDT', 'SOLUSDT', 'SOL', 'USDT', '{}'),
    (4, 'simulated-7', 'perpetual', 'ADA/USDT:USDT', 'ADAUSDT', 'ADA', 'USDT', '{}');
INSERT INTO hydra.runs (run_id, mode, market_origin, label, seed, feeds, config, config_hash, readings_hash,
        feature_set_version, cost_model_version, code_version, data_from, data_to, end_reason, ended_at)
    OVERRIDING SYSTEM VALUE
    VALUES (7, 'paper', 'generated', 'simulated', 7, '{}', '{"settings": {}, "instrument_ids": [1, 2, 3]}',
        'c', 'd', 'f', '1', 'abc',
        '2025-06-01 10:00Z', '2025-06-01 12:01Z', 'stopped', now()),
        (8, 'paper', 'recorded', 'recorded', NULL, '{}', '{"settings": {}, "instrument_ids": [1, 2, 3]}',
        'c', 'd', 'f', '1', 'abc',
        '2025-06-01 10:00Z', '2025-06-01 12:01Z', NULL, NULL);
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
    SELECT 7, t, 'CLOSED', t + interval '2 s', 'abc'
    FROM generate_series(timestamptz '2025-06-01 10:00Z', '2025-06-01 10:05Z', '1 min') AS t;
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version, reason_code) VALUES
    (7, '2025-06-01 10:06Z', 'ASSESSED', '2025-06-01 10:06:02Z', 'abc', NULL),
    (7, '2025-06-01 10:07Z', 'SKIPPED', '2025-06-01 10:08:10Z', 'abc', 'MINUTE_TOO_OLD');
INSERT INTO hydra.features (run_id, instrument_id, time, feature_set_version, vector, newest_known_at)
    VALUES (7, 1, '2025-06-01 10:00Z', 'f', '{1}', '2025-06-01 10:00:01Z');
"""

ASSESSMENTS = """
INSERT INTO hydra.assessments (run_id, instrument_id, time, tradability, reason_code, reason, regime,
        volatility_regime, realized_volatility, cascade_probability, liquidation_velocity, numbers)
    SELECT 7, i, t, 'ALLOW', 'NORMAL', 'ALLOW: no reason against trading', 0, 1, 0.5, 0.1, 0,
        %(fresh)s::jsonb
    FROM generate_series(timestamptz '2025-06-01 10:00Z', '2025-06-01 10:06Z', '1 min') AS t,
        generate_series(1, 3) AS i
"""

CHANGED_ASSESSMENTS = """
UPDATE hydra.assessments SET tradability = 'BLOCK', reason_code = 'DATA_STALE', reason = 'BLOCK: stale 900',
        volatility_regime = 3, numbers = %(stale)s::jsonb
    WHERE instrument_id = 2 AND time = '2025-06-01 10:01Z'
"""

RESTRICTED_ASSESSMENTS = """
UPDATE hydra.assessments SET tradability = 'RESTRICT', reason_code = 'VOLATILITY_HIGH',
        reason = 'RESTRICT: high', volatility_regime = 3, numbers = %(high)s::jsonb
    WHERE instrument_id = 2 AND time = '2025-06-01 10:03Z'
"""

DECISIONS = """
INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,
        expected_adverse_excursion, holding_period_minutes, score, score_kind, approved, chosen, reason_code,
        reason, thesis, metadata)
    SELECT 7, i, ('2025-06-01 ' || t || 'Z')::timestamptz, source, 'LONG', confidence, 0.02, 0.01, 240, score,
        'rule', approved, chosen, code, 'r', 'Shorts paying 0.060%', '{"funding_rate": -0.0006}'
    FROM (VALUES
        (1, '10:00', 'FUNDING_SQUEEZE', 0.6, 0.66, true, true, 'SIGNAL_CHOSEN'),
        (1, '10:00', 'FUNDING_CARRY', 0.5, 0.55, true, false, 'SIGNAL_OUTRANKED'),
        (1, '10:05', 'FUNDING_SQUEEZE', 0.6, 0.66, true, true, 'SIGNAL_CHOSEN'),
        (2, '10:00', 'CROWDING_FADE', 0.6, 0.66, true, true, 'SIGNAL_CHOSEN'),
        (2, '10:02', 'CROWDING_FADE', 0.6, 0.66, false, false, 'NEWS_AGAINST'),
        (2, '10:03', 'FUNDING_SQUEEZE', 0.6, 0.66, true, true, 'SIGNAL_CHOSEN'),
        (3, '10:01', 'FUNDING_SQUEEZE', 0.3, 0.33, false, false, 'CONFIDENCE_LOW'),
        (3, '10:02', 'OI_DIVERGENCE', 0.55, 0.6, true, true, 'SIGNAL_CHOSEN'),
        (3, '10:03', 'OI_DIVERGENCE', 0.55, 0.6, true, true, 'SIGNAL_CHOSEN')
    ) AS s (i, t, source, confidence, score, approved, chosen, code);
INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id, item_ids,
        answer, known_at)
    VALUES (7, 2, '2025-06-01 10:01Z', 'bearish', 'high', 'a lawsuit', 'm', '{}', '{}', '2025-06-01 10:01Z');
INSERT INTO hydra.risk_decisions (run_id, instrument_id, time, source, side, approved, reason_code, reason,
        numbers)
    SELECT 7, i, t, s.source, s.side, false,
        CASE i || ' at ' || to_char(t, 'MI') WHEN '1 at 05' THEN 'POSITION_EXISTS'
            WHEN '2 at 00' THEN 'COOLDOWN' WHEN '2 at 03' THEN 'NOT_TRADABLE'
            WHEN '3 at 03' THEN 'KILL_SWITCH' ELSE 'NO_SIGNAL' END,
        'the last exit was 12 minutes ago', '{"minutes_since_exit": 12}'
    FROM generate_series(timestamptz '2025-06-01 10:00Z', '2025-06-01 10:05Z', '1 min') AS t
    CROSS JOIN generate_series(1, 3) AS i
    LEFT JOIN hydra.signals AS s ON s.run_id = 7 AND s.instrument_id = i AND s.time = t AND s.chosen;
UPDATE hydra.risk_decisions SET approved = true, reason_code = 'APPROVED', printed_size_usd = 4000,
        recommended_size_usd = 1000, recommended_leverage = 3, reference_price = 100, stop_loss_price = 98.5,
        take_profit_price = 103, max_holding_hours = 4, numbers = '{"kelly": 0.2}'
    WHERE (instrument_id, time) IN ((1, '2025-06-01 10:00Z'), (3, '2025-06-01 10:02Z'));
INSERT INTO hydra.kill_switch (run_id, scope, instrument_id, latched_time, cause)
    VALUES (7, 'pair', 3, '2025-06-01 10:03Z', 'Funding spike > 0.5%');
"""

# BTC: 10 bought at 99.9 by a resting order, sold at the target of 103 for 102.9; ETH: a loss before it.
TRADES = """
INSERT INTO hydra.positions (position_id, run_id, instrument_id, decision_time, side, state, opened_time,
        closed_time, quantity, peak_quantity, entry_price, exit_price, leverage, stop_price, target_price,
        liquidation_price, max_holding_until, exit_reason_code, gross_pnl_usd, fees_usd, funding_usd,
        net_pnl_usd, mark_source)
    OVERRIDING SYSTEM VALUE
    VALUES (11, 7, 1, '2025-06-01 10:00Z', 'LONG', 'CLOSED', '2025-06-01 10:01Z', '2025-06-01 12:00Z', 0, 10,
        99.9, 102.9, 3, 98.5, 103, 67, '2025-06-01 14:00Z', 'TARGET_HIT', 30, 0.71, -0.1, 29.19, 'mark'),
        (12, 7, 2, '2025-06-01 10:00Z', 'SHORT', 'CLOSED', '2025-06-01 10:02Z', '2025-06-02 09:00Z', 0, 4,
        50, 51, 3, 51, 48, 65, '2025-06-01 14:00Z', 'STOP_HIT', -4, 0.14, 0, -4.14, 'mark'),
        (13, 7, 3, '2025-06-01 10:00Z', 'LONG', 'OPEN', '2025-06-01 10:04Z', NULL, 1, 1,
        20, NULL, 3, 19, 22, 14, '2025-06-01 14:00Z', NULL, 0, 0.004, 0, -0.004, 'mark');
INSERT INTO hydra.orders (order_id, run_id, instrument_id, client_order_id, decision_time, position_id, role,
        order_type, side, reduce_only, quantity, limit_price, trigger_price, reference_price, state,
        filled_quantity, average_price, reason_code, placed_time)
    OVERRIDING SYSTEM VALUE
    VALUES (21, 7, 1, 'a', '2025-06-01 10:00Z', 11, 'ENTRY', 'POST_ONLY', 'BUY', false, 10, 99.9, NULL, 100,
            'FILLED', 10, 99.9, NULL, '2025-06-01 10:00Z'),
        (22, 7, 1, 'b', '2025-06-01 10:00Z', 11, 'TARGET', 'TAKE_PROFIT_MARKET', 'SELL', true, 10, NULL, 103,
            103, 'FILLED', 10, 102.9, 'TARGET_HIT', '2025-06-01 10:01Z'),
        (23, 7, 3, 'c', '2025-06-01 10:02Z', NULL, 'ENTRY', 'POST_ONLY', 'BUY', false, 50, 20, NULL, 20,
            'CANCELED', 0, NULL, 'ENTRY_TIMEOUT', '2025-06-01 10:02Z');
INSERT INTO hydra.fills (fill_id, order_id, trade_id, time, price, quantity, fee_usd, is_maker)
    OVERRIDING SYSTEM VALUE
    VALUES (31, 21, 't1', '2025-06-01 10:01Z', 99.9, 10, 0.2, true),
        (32, 22, 't2', '2025-06-01 12:00Z', 102.9, 10, 0.51, false);
INSERT INTO hydra.position_events (position_id, sequence, time, kind, reason_code, numbers)
    VALUES (11, 1, '2025-06-01 10:01Z', 'OPENED', NULL, '{}'),
        (11, 2, '2025-06-01 10:04Z', 'CHECKED', NULL, '{"thesis_health": 0.9, "hours_held": 0.05}'),
        (11, 3, '2025-06-01 12:00Z', 'CLOSED', 'TARGET_HIT', '{}');
INSERT INTO hydra.equity (run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd,
        exposure_usd, portfolio_heat)
    VALUES (7, '2025-06-01 10:00Z', 10000, 0, 10000, 10000, 10000, 0, 0),
        (7, '2025-06-01 11:00Z', 9999.8, 400.2, 10400, 10400, 10400, 1400, 0.02),
        (7, '2025-06-01 12:00Z', 10036.8, 223.2, 10260, 10400, 10400, 800, 0.01),
        (7, '2025-06-02 09:00Z', 10036.8, 3.2, 10040, 10050, 10400, 20, 0.001),
        (7, '2025-06-02 10:00Z', 10025, 25, 10050, 10050, 10400, 20, 0.001);
"""


def write_why_scenario(connection: psycopg.Connection) -> None:
    """Write the scenario inside the caller's transaction."""
    connection.execute(RUN)
    connection.execute(ASSESSMENTS, {"fresh": FRESH})
    connection.execute(CHANGED_ASSESSMENTS, {"stale": STALE})
    connection.execute(RESTRICTED_ASSESSMENTS, {"high": HIGH})
    connection.execute(DECISIONS)
    connection.execute(TRADES)
