"""A run with one closed and one open trade, and clean facts: the audits must find nothing."""

import psycopg

SCENARIO = """
INSERT INTO market.instruments
    (instrument_id, venue, kind, symbol, exchange_symbol, base, quote, aliases)
VALUES
    (1, 'binance', 'perpetual', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', '{}'),
    (2, 'binance', 'perpetual', 'ETH/USDT:USDT', 'ETHUSDT', 'ETH', 'USDT', '{}');
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)
    SELECT 1, t, t + interval '62 s', 100, 101, 99, 100, 5
    FROM generate_series(timestamptz '2025-06-01 00:00Z', '2025-06-01 00:09Z', '1 min') AS t;
INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours)
    VALUES (1, '2025-06-01 00:00Z', '2025-06-01 00:00:05Z', 0.0001, 8);
INSERT INTO market.mark_prices (instrument_id, timeframe_minutes, time, known_at, open, high, low, close)
    VALUES (1, 60, '2025-06-01 00:00Z', '2025-06-01 01:00:02Z', 100, 101, 99, 100);
INSERT INTO market.liquidations (instrument_id, time, side, price, quantity, known_at, value_usd)
    VALUES (1, '2025-06-01 00:01:10Z', 'LONG', 100, 2, '2025-06-01 00:01:11Z', 200);
INSERT INTO market.order_books (instrument_id, time, known_at, bid_prices, bid_quantities, ask_prices,
        ask_quantities)
    VALUES (1, '2025-06-01 00:00:05Z', '2025-06-01 00:00:05Z', '{99.9}', '{1}', '{100.1}', '{1}');
INSERT INTO hydra.runs (run_id, mode, market_origin, label, feeds, config, config_hash, readings_hash,
        feature_set_version, cost_model_version, code_version)
    OVERRIDING SYSTEM VALUE
    VALUES (7, 'paper', 'recorded', 'recorded', '{}', '{"instrument_ids": [1, 2]}', 'c', 'd', '1', '1',
        'abc');
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
    VALUES (7, '2025-06-01 00:05Z', 'CLOSED', '2025-06-01 00:05:02Z', 'abc');
INSERT INTO hydra.features (run_id, instrument_id, time, feature_set_version, vector, newest_known_at)
    VALUES (7, 1, '2025-06-01 00:05Z', '1', '{1,2,NULL}', '2025-06-01 00:05:02Z');
INSERT INTO hydra.assessments (run_id, instrument_id, time, tradability, reason_code, reason)
    VALUES (7, 1, '2025-06-01 00:05Z', 'ALLOW', 'NORMAL', 'all well'),
        (7, 2, '2025-06-01 00:05Z', 'ALLOW', 'NORMAL', 'all well'),
        (7, 2, '2025-06-01 00:06Z', 'BLOCK', 'VOLATILITY_EXTREME', 'rank 0.97 above 0.95');
INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,
        expected_adverse_excursion, holding_period_minutes, score, score_kind, approved, chosen, reason_code,
        reason, thesis)
    VALUES (7, 1, '2025-06-01 00:05Z', 'CROWDING_FADE', 'LONG', 0.7, 0.02, 0.01, 240, 0.6, 'rule', true, true,
            'SIGNAL_CHOSEN', 'best of two', 'Crowd is short'),
        (7, 1, '2025-06-01 00:05Z', 'FUNDING_CARRY', 'LONG', 0.5, 0.02, 0.01, 240, 0.4, 'rule', false, false,
            'SCORE_LOW', '0.40 below 0.45', 'Shorts pay'),
        (7, 2, '2025-06-01 00:05Z', 'OI_DIVERGENCE', 'SHORT', 0.6, 0.02, 0.01, 240, 0.5, 'rule', true, true,
            'SIGNAL_CHOSEN', 'only one', 'Price up, interest down');
INSERT INTO hydra.news_views (run_id, instrument_id, time, action, confidence, reason, model_id, item_ids,
        answer, known_at)
    VALUES (7, 1, '2025-06-01 00:00Z', 'bullish', 'low', 'quiet', 'm', '{}', '{}', '2025-06-01 00:00Z');
INSERT INTO hydra.risk_decisions (run_id, instrument_id, time, source, side, approved, reason_code, reason,
        recommended_size_usd, recommended_leverage, stop_loss_price, take_profit_price, max_holding_hours)
    VALUES (7, 1, '2025-06-01 00:05Z', 'CROWDING_FADE', 'LONG', true, 'APPROVED', 'within limits',
            1000, 5, 99, 102, 8),
        (7, 2, '2025-06-01 00:05Z', 'OI_DIVERGENCE', 'SHORT', true, 'APPROVED', 'within limits',
            1000, 5, 52, 48, 6);
INSERT INTO hydra.positions (position_id, run_id, instrument_id, decision_time, side, state, opened_time,
        closed_time, quantity, peak_quantity, entry_price, exit_price, leverage, max_holding_until,
        exit_reason_code, gross_pnl_usd, fees_usd, funding_usd, net_pnl_usd, mark_source)
    OVERRIDING SYSTEM VALUE
    VALUES (11, 7, 1, '2025-06-01 00:05Z', 'LONG', 'CLOSED', '2025-06-01 00:06Z', '2025-06-01 01:00Z', 0, 10,
            100, 102, 5, '2025-06-01 08:00Z', 'TARGET_HIT', 20, 0.7, 0.1, 19.4, 'mark'),
        (12, 7, 2, '2025-06-01 00:05Z', 'SHORT', 'OPEN', '2025-06-01 00:06Z', NULL, 20, 20,
            50, NULL, 5, '2025-06-01 08:00Z', NULL, 0, 0.2, 0, -0.2, 'mark');
INSERT INTO hydra.orders (order_id, run_id, instrument_id, client_order_id, decision_time, position_id, role,
        order_type, side, reduce_only, quantity, reference_price, state, filled_quantity, placed_time)
    OVERRIDING SYSTEM VALUE
    VALUES (21, 7, 1, 'a', '2025-06-01 00:05Z', 11, 'ENTRY', 'POST_ONLY', 'BUY', false, 10, 99.9, 'FILLED',
            10, '2025-06-01 00:05Z'),
        (22, 7, 1, 'b', '2025-06-01 00:05Z', 11, 'TARGET', 'TAKE_PROFIT_MARKET', 'SELL', true, 10, 102.1,
            'FILLED', 10, '2025-06-01 00:06Z'),
        (23, 7, 2, 'c', '2025-06-01 00:05Z', 12, 'ENTRY', 'POST_ONLY', 'SELL', false, 20, 50, 'FILLED', 20,
            '2025-06-01 00:05Z'),
        (24, 7, 2, 'd', '2025-06-01 00:05Z', 12, 'STOP', 'STOP_MARKET', 'BUY', true, 20, 50, 'OPEN', 0,
            '2025-06-01 00:06Z');
INSERT INTO hydra.fills (fill_id, order_id, trade_id, time, price, quantity, fee_usd, is_maker)
    OVERRIDING SYSTEM VALUE
    VALUES (31, 21, 't1', '2025-06-01 00:06Z', 100, 10, 0.2, true),
        (32, 22, 't2', '2025-06-01 01:00Z', 102, 10, 0.5, false),
        (33, 23, 't3', '2025-06-01 00:06Z', 50, 20, 0.2, true);
INSERT INTO hydra.position_events (position_id, sequence, time, kind)
    VALUES (12, 1, '2025-06-01 00:06Z', 'OPENED'), (12, 2, '2025-06-01 00:07Z', 'CHECKED');
INSERT INTO hydra.equity (run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd,
        exposure_usd, portfolio_heat)
    VALUES (7, '2025-06-01 00:05Z', 10000, 12.5, 10012.5, 10012.5, 10012.5, 1000, 0.01);
"""


def write_scenario(connection: psycopg.Connection) -> None:
    """Write the scenario inside the caller's transaction."""
    connection.execute(SCENARIO)
