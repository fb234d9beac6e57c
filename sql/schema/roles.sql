-- Who may do what. hydra_owner owns everything: it migrates, imports and deletes. hydra_reader reads everything.
-- hydra_worker has, table by table, what its statements need (sql/stages, sql/backtest, sql/research, sql/upkeep,
-- sql/alerting, sql/locks): it deletes nothing, and changes only columns that do not stay as they were written. Run
-- again by every newest revision; a new table gets its line here.

REVOKE ALL ON ALL TABLES IN SCHEMA market, hydra, ml, audit, messages FROM public, hydra_worker, hydra_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA market, hydra, ml, audit, messages FROM public, hydra_worker, hydra_reader;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA market, hydra FROM public, hydra_worker, hydra_reader;

GRANT USAGE ON SCHEMA market, hydra, ml, audit, messages TO hydra_worker, hydra_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA market, hydra, ml, audit, messages TO hydra_worker, hydra_reader;
-- The schema revision: `hydra doctor` and `hydra db status` read it.
GRANT SELECT ON public.alembic_version TO hydra_worker, hydra_reader;

-- Facts and the records of their coming are written once. Functions of the owner keep the rollups. A revision is kept
-- aside; to let one replace a fact is the owner's (C125).
GRANT INSERT ON
market.candles_1m, market.candles_5m_recorded, market.mark_prices, market.funding_rates, market.open_interest,
market.positioning, market.liquidations, market.order_books, market.trades, market.sentiment, market.news_items,
market.feed_heartbeats, market.instruments, market.instrument_filters, market.leverage_brackets,
market.import_batches, market.quarantine, market.gaps, market.premium_index, market.aggregated_liquidations,
market.clock_offsets, market.fee_rates
TO hydra_worker;
-- How ingest fares: a session ends, a feed changes its state, an interruption ends and is repaired, a gap is filled.
GRANT INSERT, UPDATE (ended_at, end_reason) ON market.ingest_sessions TO hydra_worker;
GRANT INSERT, UPDATE (
    session_id, committed_through, candles_through, queued_rows, spilled_rows, updated_at
) ON market.ingest_progress TO hydra_worker;
GRANT INSERT, UPDATE (
    state, last_time, last_received_at, messages, messages_per_second, lag_seconds, unknown_fields, detail, updated_at
) ON market.feed_states TO hydra_worker;
GRANT INSERT, UPDATE (range_end, done_through, rows_inserted, updated_at) ON market.backfills TO hydra_worker;
GRANT INSERT, UPDATE (ended_at, missed, repair) ON market.interruptions TO hydra_worker;
-- A source of headlines: where it is asked, when, and how it fares.
GRANT INSERT, UPDATE (
    url, kind, etag, last_modified, last_attempt, last_success, next_attempt, failures, last_error, items_total
) ON market.news_sources TO hydra_worker;
GRANT UPDATE (filled_at) ON market.gaps TO hydra_worker;
GRANT INSERT (batch_id, target_table, key, stored, offered, known_at) ON market.revisions TO hydra_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA market TO hydra_worker;
-- Policies are the owner's; market.apply_retention takes its windows from market.retention, which only the owner sets.
REVOKE EXECUTE ON FUNCTION market.keep_policies(regclass, interval, interval) FROM hydra_worker;
-- Who reads a continuous aggregate computes its newest buckets.
GRANT EXECUTE ON FUNCTION market.depth_usd(double precision[], double precision[]) TO hydra_reader;

-- Verdicts, events, fills and money are written once.
GRANT INSERT ON
hydra.features, hydra.assessments, hydra.signals, hydra.news_scans, hydra.news_views, hydra.risk_decisions, hydra.veto_counts,
hydra.order_events, hydra.fills, hydra.position_events, hydra.equity, hydra.audit_rounds, hydra.run_scorers
TO hydra_worker;
-- A call of a language model: what it cost.
GRANT INSERT, UPDATE (cost_usd) ON hydra.model_calls TO hydra_worker;
-- A run: its end, its speed, the hash of the facts that a backtest has read. Its version is the owner's to change.
GRANT INSERT, UPDATE (ended_at, end_reason, config, data_hash) ON hydra.runs TO hydra_worker;
GRANT INSERT, UPDATE (state, as_of, closed_at, code_version, reason_code) ON hydra.cycles TO hydra_worker;
-- An order: what became of it; never what was ordered.
GRANT INSERT, UPDATE (
    position_id, state, filled_quantity, average_price, exchange_order_id, reason_code, finished_time, queue_ahead,
    sent_time, cancel_wanted_time, child_order_id
) ON hydra.orders TO hydra_worker;
-- A position: what is held and earned; never which decision opened it, which side, when.
GRANT INSERT, UPDATE (
    state, closed_time, quantity, peak_quantity, entry_price, exit_price, stop_price, target_price, liquidation_price,
    exit_reason_code, gross_pnl_usd, fees_usd, funding_usd, net_pnl_usd, cost_basis_usd
) ON hydra.positions TO hydra_worker;
-- A kill switch: its clearing (numbers: in which state of the minute). Never when and why it was latched.
GRANT INSERT, UPDATE (cleared_time, cleared_by, clear_reason, numbers) ON hydra.kill_switch TO hydra_worker;
-- What the exchange said: written once, but for the position that it was booked to, what a comparison came to, and how
-- a difference ended.
GRANT INSERT, UPDATE (
    duration_s, differences, left_open, wallet_usd, booked_usd, begins_ledger
) ON hydra.reconciliations TO hydra_worker;
GRANT INSERT, UPDATE (done, mended_time) ON hydra.account_differences TO hydra_worker;
GRANT INSERT, UPDATE (position_id) ON hydra.exchange_income TO hydra_worker;
GRANT INSERT, UPDATE (answered_at, answer, is_done) ON hydra.operator_requests TO hydra_worker;
GRANT INSERT, UPDATE (key) ON hydra.locks TO hydra_worker;
GRANT EXECUTE ON FUNCTION
hydra.take_lock(text), hydra.release_lock(text), hydra.refresh_statistics()
TO hydra_worker;

-- An alert: what it says now, and its end; what was sent is written once. A channel: whether it works.
GRANT INSERT, UPDATE (severity, happened, done, advice, resolved_at) ON hydra.alerts TO hydra_worker;
GRANT INSERT ON hydra.alert_messages TO hydra_worker;
GRANT INSERT, UPDATE (
    failures, failing_since, next_try_at, detail, last_sent_at, caught_up_at
) ON hydra.alert_channels TO hydra_worker;

-- Models, what their gates said and the log of what serves are written once.
GRANT INSERT ON ml.models, ml.model_gates, ml.publications TO hydra_worker;

-- Studies are written once; a planned trial gets its result.
GRANT INSERT ON ml.studies TO hydra_worker;
GRANT INSERT, UPDATE (
    state, run_id, first_day, daily_returns, trades, net_pnl_usd, metrics, error, finished_at
) ON ml.trials TO hydra_worker;

-- The queue of messages is the broker's: nothing that counts is in it (law 1).
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA messages TO hydra_worker;
