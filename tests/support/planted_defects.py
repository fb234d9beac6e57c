"""What spoils the rows of the scenario of trades: one defect for every audit."""

# Decided by 'abc' until version 'other' continued the run with this minute, as far as the stage says.
UPGRADED = """
    INSERT INTO hydra.run_versions (run_id, number, time, state, code_version, readings_hash,
        feature_set_version, cost_model_version)
    VALUES (7, 1, NULL, NULL, 'abc', 'd', '1', '1'),
        (7, 2, '2025-06-01 00:05Z', 'ASSESSED', 'other', 'd', '2', '1');
    UPDATE hydra.runs SET code_version = 'other', feature_set_version = '2'"""
RESTAMPED = "; UPDATE hydra.cycles SET code_version = 'other'"

DEFECTS = {
    "crossed_book": "UPDATE market.order_books SET bid_prices = '{100.2}'",
    "order_book_without_levels": "UPDATE market.order_books SET ask_prices = '{}', ask_quantities = '{}'",
    "trade_ids_with_unrecorded_hole": """
        INSERT INTO market.trades VALUES (1, '2025-06-01 00:01Z', 7, '2025-06-01 00:02Z', 100, 1, true),
            (1, '2025-06-01 00:02Z', 9, '2025-06-01 00:02Z', 100, 1, true)""",
    "predicted_rate_out_of_cap": """
        INSERT INTO market.instrument_filters
        VALUES (1, '2026-01-01 00:00Z', 1, 1, 1, 1, 1, 1, 8, 'test', 0.003, -0.003);
        INSERT INTO market.premium_index
        VALUES (1, '2026-11-28 00:01Z', '2026-11-28 00:01Z', 100, 100, 0.0031, '2026-11-28 08:00Z')""",
    "impossible_candle": "UPDATE market.candles_1m SET high = 98 WHERE time = '2025-06-01 00:03Z'",
    "known_before_it_happened": "UPDATE market.funding_rates SET known_at = time - interval '1 s'",
    "known_before_its_lag": """
        INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,
            rows_unchanged, rows_revised, rows_quarantined, first_time, last_time, rollups_fresh)
        VALUES ('a.csv', 'x', 'candles', 'candles_1m', 1, 1, 0, 0, 0, '2025-06-01 00:00Z',
            '2025-06-01 00:09Z', true);
        UPDATE market.candles_1m SET known_at = time + interval '61.999999 s'
        WHERE time = '2025-06-01 00:03Z'""",
    "unrecorded_gap": "DELETE FROM market.candles_1m WHERE time = '2025-06-01 00:04Z'",
    "unknown_instrument": "UPDATE market.mark_prices SET instrument_id = 99",
    "funding_off_the_hour": "UPDATE market.funding_rates SET time = time + interval '5 min'",
    "candle_off_the_grid": "UPDATE market.mark_prices SET time = time + interval '1 min'",
    "stale_rollup": "SET LOCAL hydra.rollups = 'deferred'; DELETE FROM market.liquidations",
    "import_without_rollups": """
        INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,
            rows_unchanged, rows_revised, rows_quarantined, rollups_fresh)
        VALUES ('a.csv', 'x', 'klines', 'candles_1m', 1, 1, 0, 0, 0, false)""",
    "position_without_stop": "UPDATE hydra.orders SET state = 'CANCELED' WHERE order_id = 24",
    "equity_does_not_add_up": "UPDATE hydra.equity SET cash_usd = cash_usd + 0.01",
    "position_does_not_add_up": "UPDATE hydra.positions SET funding_usd = 1 WHERE position_id = 11",
    "order_disagrees_with_fills": "UPDATE hydra.fills SET quantity = 9 WHERE fill_id = 31",
    "feature_newer_than_decision": "UPDATE hydra.features SET newest_known_at = '2025-06-01 00:05:03Z'",
    "veto_turned_into_trade": "UPDATE hydra.assessments SET tradability = 'BLOCK' WHERE instrument_id = 1",
    "entry_while_killed": """
        INSERT INTO hydra.kill_switch (run_id, scope, instrument_id, latched_time, cause)
        VALUES (7, 'pair', 1, '2025-06-01 00:04Z', 'cascade')""",
    "two_decisions_for_one_minute": """
        ALTER TABLE hydra.assessments DROP CONSTRAINT assessments_pkey;
        INSERT INTO hydra.assessments SELECT * FROM hydra.assessments WHERE time = '2025-06-01 00:06Z'""",
    "pair_left_undecided": """
        INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
        VALUES (7, '2025-06-01 00:06Z', 'CLOSED', '2025-06-01 00:06:02Z', 'abc')""",
    "chosen_signal_not_judged": "UPDATE hydra.risk_decisions SET side = 'LONG' WHERE instrument_id = 2",
    "fill_without_order": "UPDATE hydra.fills SET time = '2025-06-01 00:04Z' WHERE fill_id = 31",
    "fill_outside_the_bar": """
        UPDATE hydra.runs SET cost_model_version = '2'; DELETE FROM hydra.fills WHERE fill_id IN (32, 33);
        UPDATE hydra.fills SET price = 98.5 WHERE fill_id = 31""",
    "settlement_left_out": """
        UPDATE hydra.runs SET cost_model_version = '2';
        UPDATE hydra.positions SET opened_time = decision_time;
        UPDATE market.funding_rates SET time = '2025-06-01 00:05Z', known_at = '2025-06-01 00:05:02Z'""",
    "order_larger_than_decision": "UPDATE hydra.orders SET quantity = 20.01 WHERE order_id = 23",
    "order_disagrees_with_events": """
        INSERT INTO hydra.order_events VALUES (24, 1, '2025-06-01 00:06Z', 'OPEN'),
            (24, 2, '2025-06-01 00:07Z', 'CANCELED')""",
    "event_sequence_with_holes": "DELETE FROM hydra.position_events WHERE sequence = 1",
    "position_disagrees_with_fills": "UPDATE hydra.fills SET quantity = 9 WHERE fill_id = 32",
    "order_outlives_position": "UPDATE hydra.orders SET state = 'OPEN' WHERE order_id = 22",
    "position_held_too_long": "UPDATE hydra.positions SET max_holding_until = '2025-06-01 00:05Z'"
    " WHERE position_id = 11",
    "difference_to_the_exchange": """
        INSERT INTO hydra.reconciliations (reconciliation_id, run_id, time, cause) OVERRIDING SYSTEM VALUE
        VALUES (1, 7, '2025-06-01 00:06Z', 'MINUTE'), (2, 7, '2025-06-01 00:07Z', 'MINUTE');
        INSERT INTO hydra.account_differences (run_id, found_in, found_time, kind, symbol, subject,
            blocks_entries, done)
        VALUES (7, 1, '2025-06-01 00:06Z', 'POSITION_UNKNOWN', 'BTCUSDT', '', true, 'left alone'),
            (7, 2, '2025-06-01 00:07Z', 'ORDER_UNKNOWN', 'BTCUSDT', 'web_1', true, 'left alone')""",
    "fill_charged_otherwise": """
        INSERT INTO hydra.exchange_income (run_id, kind, transaction_id, time, symbol, trade_id, asset,
            amount)
        VALUES (7, 'COMMISSION', '1', '2025-06-01 00:06Z', 'BTCUSDT', 't1', 'USDT', -0.20000001),
            (7, 'COMMISSION', '2', '2025-06-01 01:00Z', 'BTCUSDT', 't2', 'USDT', -0.5)""",
    "income_outside_its_bound": """
        INSERT INTO market.fee_rates VALUES (1, '2025-01-01Z', 2, 5, 'test');
        INSERT INTO hydra.exchange_income (run_id, kind, transaction_id, time, symbol, trade_id, asset,
            amount)
        VALUES (7, 'COMMISSION', '1', '2025-06-01 00:06Z', 'BTCUSDT', 't1', 'USDT', -0.2),
            (7, 'COMMISSION', '2', '2025-06-01 01:00Z', 'BTCUSDT', 't2', 'USDT', -0.5)""",
    "position_after_kill": """
        INSERT INTO hydra.kill_switch (run_id, scope, latched_time, cause)
        VALUES (7, 'portfolio', '2025-06-01 00:10Z', 'drawdown');
        INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
        VALUES (7, '2025-06-01 00:50Z', 'CLOSED', '2025-06-01 00:50:02Z', 'abc');
        UPDATE hydra.positions SET state = 'CLOSED', quantity = 0, closed_time = '2025-06-01 00:12Z'
        WHERE position_id = 12""",
    "cash_is_not_what_was_earned": """
        INSERT INTO hydra.equity (run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd,
            exposure_usd, portfolio_heat)
        VALUES (7, '2025-06-01 01:00Z', 10019.3, 0, 10019.3, 10019.3, 10019.3, 0, 0)""",
    "limits_exceeded": """
        UPDATE hydra.runs SET config = '{"settings": {"max_total_exposure_usd": 2999.99}}'""",
    "too_many_positions": """
        UPDATE hydra.runs SET config = '{"settings": {"max_positions": 1}}';
        UPDATE hydra.positions SET opened_time = '2025-06-01 00:07Z' WHERE position_id = 12""",
    "unfinished_cycle": """
        UPDATE hydra.cycles SET state = 'DECIDED'; UPDATE hydra.runs SET end_reason = 'finished'""",
    "row_of_another_version": "UPDATE hydra.cycles SET code_version = 'other'",
    "scored_by_another": """
        INSERT INTO hydra.run_scorers (run_id, time, wanted, score_kind, sha256)
        VALUES (7, '2025-06-01 00:00Z', 'published', 'signal-scorer@1', 'aa');
        UPDATE hydra.signals SET score_kind = 'signal-scorer@1' WHERE source <> 'OI_DIVERGENCE'""",
    "minute_left_out": """
        INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
        VALUES (7, '2025-06-01 00:07Z', 'CLOSED', '2025-06-01 00:07:02Z', 'abc')""",
}

# What lies on the right side of the border of an audit.
NO_DEFECTS = {
    "fill_without_order": """
        UPDATE hydra.fills SET evidence = 'EXCHANGE', time = o.placed_time - interval '1 second'
        FROM hydra.orders AS o WHERE o.order_id = fills.order_id AND fill_id = 31""",
    "trade_ids_with_unrecorded_hole": DEFECTS["trade_ids_with_unrecorded_hole"].replace(", 9,", ", 8,"),
    "predicted_rate_out_of_cap": DEFECTS["predicted_rate_out_of_cap"].replace("0.0031", "0.003"),
    "cash_is_not_what_was_earned": DEFECTS["cash_is_not_what_was_earned"].replace("10019.3", "10019.2"),
    "fill_outside_the_bar": DEFECTS["fill_outside_the_bar"].replace("98.5", "98.51"),
    "settlement_left_out": DEFECTS["settlement_left_out"].replace("'2'", "'1'"),
    "known_before_its_lag": DEFECTS["known_before_its_lag"].replace("61.999999", "62"),
    "limits_exceeded": DEFECTS["limits_exceeded"].replace("2999.99", "3000"),
    "order_larger_than_decision": DEFECTS["order_larger_than_decision"].replace("20.01", "20"),
    "position_held_too_long": DEFECTS["position_held_too_long"].replace("00:05", "00:10"),
    "minute_left_out": DEFECTS["minute_left_out"].replace("00:07", "00:06"),
    "unfinished_cycle": "UPDATE hydra.cycles SET state = 'DECIDED'",
    "scored_by_another": DEFECTS["scored_by_another"].replace("00:00Z", "00:30Z"),
    "row_of_another_version": UPGRADED + RESTAMPED,
}
