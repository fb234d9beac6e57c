-- Schema market: what a connected exchange sends beside the facts of history, and how ingest fares.

CREATE TABLE market.premium_index (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    mark_price FLOAT(53) NOT NULL,
    index_price FLOAT(53) NOT NULL,
    predicted_rate FLOAT(53) NOT NULL,
    next_settlement TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT premium_index_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.premium_index IS
'Mark price, index price and predicted funding of every second, as streamed; the exchange keeps no history of them';
COMMENT ON COLUMN market.premium_index.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.premium_index.time IS 'Exchange time of the message, UTC';
COMMENT ON COLUMN market.premium_index.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.premium_index.mark_price IS 'Mark price, quote units';
COMMENT ON COLUMN market.premium_index.index_price IS 'Index price, quote units';
COMMENT ON COLUMN market.premium_index.predicted_rate IS 'Estimate of the next settlement, fraction per interval (C106)';
COMMENT ON COLUMN market.premium_index.next_settlement IS 'Instant of that settlement, UTC';
SELECT create_hypertable('market.premium_index', by_range('time', interval '1 day'), create_default_indexes => false);

CREATE TABLE market.aggregated_liquidations (
    source TEXT NOT NULL,
    base TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    interval_minutes SMALLINT NOT NULL,
    long_usd FLOAT(53) NOT NULL,
    short_usd FLOAT(53) NOT NULL,
    CONSTRAINT aggregated_liquidations_pkey PRIMARY KEY (source, base, time, interval_minutes)
);
COMMENT ON TABLE market.aggregated_liquidations IS
'Liquidations over many exchanges, as an aggregator reports them (advisory; never mixed with market.liquidations, C124)';
COMMENT ON COLUMN market.aggregated_liquidations.source IS 'The aggregator, e.g. coinglass';
COMMENT ON COLUMN market.aggregated_liquidations.base IS 'Base asset';
COMMENT ON COLUMN market.aggregated_liquidations.time IS 'Start of the interval, UTC';
COMMENT ON COLUMN market.aggregated_liquidations.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.aggregated_liquidations.interval_minutes IS 'Length of the interval';
COMMENT ON COLUMN market.aggregated_liquidations.long_usd IS 'Liquidated long positions, USDT';
COMMENT ON COLUMN market.aggregated_liquidations.short_usd IS 'Liquidated short positions, USDT';
SELECT create_hypertable('market.aggregated_liquidations', by_range('time', interval '30 days'), create_default_indexes => false);

CREATE TABLE market.clock_offsets (
    venue TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    offset_ms FLOAT(53) NOT NULL,
    round_trip_ms FLOAT(53) NOT NULL,
    CONSTRAINT clock_offsets_pkey PRIMARY KEY (venue, time)
);
COMMENT ON TABLE market.clock_offsets IS 'How far this machine''s clock was from the exchange''s, as measured';
COMMENT ON COLUMN market.clock_offsets.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN market.clock_offsets.time IS 'Exchange time of the measurement, UTC';
COMMENT ON COLUMN market.clock_offsets.offset_ms IS 'Exchange clock less own clock, milliseconds';
COMMENT ON COLUMN market.clock_offsets.round_trip_ms IS 'Duration of the request: the offset is known to half of it';
SELECT create_hypertable('market.clock_offsets', by_range('time', interval '30 days'), create_default_indexes => false);

CREATE TABLE market.fee_rates (
    instrument_id SMALLINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    maker_fee_bps NUMERIC NOT NULL,
    taker_fee_bps NUMERIC NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT fee_rates_pkey PRIMARY KEY (instrument_id, valid_from),
    CONSTRAINT fee_rates_instrument_id_fkey FOREIGN KEY(instrument_id) REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE market.fee_rates IS 'The account''s fees, dated; read from the exchange where a key is set';
COMMENT ON COLUMN market.fee_rates.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.fee_rates.valid_from IS 'From when these fees hold';
COMMENT ON COLUMN market.fee_rates.maker_fee_bps IS 'Fee of a resting order, bps of the value';
COMMENT ON COLUMN market.fee_rates.taker_fee_bps IS 'Fee of an order that trades at once, bps of the value';
COMMENT ON COLUMN market.fee_rates.source IS 'Where the numbers come from, with date (C127)';

CREATE TABLE market.ingest_sessions (
    session_id BIGINT GENERATED ALWAYS AS IDENTITY,
    venue TEXT NOT NULL,
    environment TEXT NOT NULL,
    code_version TEXT NOT NULL,
    process_id INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason TEXT,
    CONSTRAINT ingest_sessions_pkey PRIMARY KEY (session_id)
);
COMMENT ON TABLE market.ingest_sessions IS 'Every process of ingest: of which exchange, since when, and how it ended';
COMMENT ON COLUMN market.ingest_sessions.session_id IS 'Key';
COMMENT ON COLUMN market.ingest_sessions.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN market.ingest_sessions.environment IS 'production, demo or simulated: which hosts it listened to';
COMMENT ON COLUMN market.ingest_sessions.code_version IS 'Commit of the code, + and a hash where it was changed';
COMMENT ON COLUMN market.ingest_sessions.process_id IS 'Of the operating system';
COMMENT ON COLUMN market.ingest_sessions.started_at IS 'Wall clock of the start';
COMMENT ON COLUMN market.ingest_sessions.ended_at IS 'Wall clock of the end; null: it goes on, or was killed';
COMMENT ON COLUMN market.ingest_sessions.end_reason IS 'Why it ended, in words';

CREATE TABLE market.ingest_progress (
    venue TEXT NOT NULL,
    session_id BIGINT NOT NULL,
    committed_through TIMESTAMP WITH TIME ZONE NOT NULL,
    candles_through TIMESTAMP WITH TIME ZONE,
    queued_rows BIGINT NOT NULL,
    spilled_rows BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT ingest_progress_pkey PRIMARY KEY (venue),
    CONSTRAINT ingest_progress_session_id_fkey FOREIGN KEY(session_id) REFERENCES market.ingest_sessions (session_id)
);
COMMENT ON TABLE market.ingest_progress IS
'How far ingest has come: what it received by committed_through is stored, so a decision as of then sees all of it';
COMMENT ON COLUMN market.ingest_progress.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN market.ingest_progress.session_id IS 'The process that wrote it (market.ingest_sessions)';
COMMENT ON COLUMN market.ingest_progress.committed_through IS 'Every fact with known_at up to here is stored, exchange time';
COMMENT ON COLUMN market.ingest_progress.candles_through IS
'Every pair''s closed candle up to this close is stored; null before the first';
COMMENT ON COLUMN market.ingest_progress.queued_rows IS 'Rows that wait in memory';
COMMENT ON COLUMN market.ingest_progress.spilled_rows IS 'Rows that wait in the spill file';
COMMENT ON COLUMN market.ingest_progress.updated_at IS 'Wall clock of the row';

CREATE TABLE market.feed_states (
    venue TEXT NOT NULL,
    feed TEXT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    state TEXT NOT NULL,
    last_time TIMESTAMP WITH TIME ZONE,
    last_received_at TIMESTAMP WITH TIME ZONE,
    messages BIGINT NOT NULL,
    messages_per_second FLOAT(53) NOT NULL,
    lag_seconds FLOAT(53),
    unknown_fields BIGINT DEFAULT 0 NOT NULL,
    detail TEXT,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT feed_states_pkey PRIMARY KEY (venue, feed, instrument_id),
    CONSTRAINT feed_states_state_check CHECK (state IN ('LIVE', 'SILENT', 'CONNECTING', 'REFUSED', 'STOPPED'))
);
COMMENT ON TABLE market.feed_states IS 'Each feed of ingest as it is now: one row per exchange, feed and instrument';
COMMENT ON COLUMN market.feed_states.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN market.feed_states.feed IS 'The table that it fills, or clock';
COMMENT ON COLUMN market.feed_states.instrument_id IS 'The instrument (market.instruments); 0: not of one instrument';
COMMENT ON COLUMN market.feed_states.state IS
'LIVE; SILENT: connected, nothing comes; CONNECTING: down, dialled again; REFUSED: the exchange said no; STOPPED';
COMMENT ON COLUMN market.feed_states.last_time IS 'Exchange time of its newest fact';
COMMENT ON COLUMN market.feed_states.last_received_at IS 'When that was received';
COMMENT ON COLUMN market.feed_states.messages IS 'Messages of this session';
COMMENT ON COLUMN market.feed_states.messages_per_second IS 'Rate of the last seconds';
COMMENT ON COLUMN market.feed_states.lag_seconds IS 'Receive time less exchange time of the newest message';
COMMENT ON COLUMN market.feed_states.unknown_fields IS 'Fields of its messages that HYDRA does not know, this session';
COMMENT ON COLUMN market.feed_states.detail IS 'What is wrong, in words; null: nothing';
COMMENT ON COLUMN market.feed_states.updated_at IS 'Wall clock of the row';

CREATE TABLE market.interruptions (
    interruption_id BIGINT GENERATED ALWAYS AS IDENTITY,
    venue TEXT NOT NULL,
    feed TEXT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    cause TEXT NOT NULL,
    missed BIGINT,
    repair TEXT,
    detected_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT interruptions_pkey PRIMARY KEY (interruption_id),
    CONSTRAINT interruptions_cause_check CHECK (
        cause IN ('START', 'RESTART', 'DISCONNECTED', 'SEQUENCE', 'SILENT', 'LATE', 'DROPPED')
    ),
    CONSTRAINT interruptions_repair_check CHECK (repair IN ('REPAIRED', 'PARTLY', 'LOST'))
);
CREATE INDEX interruptions_feed_idx ON market.interruptions (venue, feed, instrument_id, started_at);
COMMENT ON TABLE market.interruptions IS
'Every time that a feed did not reach HYDRA: from when to when, why, and whether the exchange gave the facts back';
COMMENT ON COLUMN market.interruptions.interruption_id IS 'Key';
COMMENT ON COLUMN market.interruptions.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN market.interruptions.feed IS 'The table that it fills';
COMMENT ON COLUMN market.interruptions.instrument_id IS 'The instrument (market.instruments); 0: all of them';
COMMENT ON COLUMN market.interruptions.started_at IS 'Exchange time of the last fact before it';
COMMENT ON COLUMN market.interruptions.ended_at IS 'Exchange time of the first fact after it; null: it goes on';
COMMENT ON COLUMN market.interruptions.cause IS
'START: ingest began; RESTART: it was killed or stopped; DISCONNECTED; SEQUENCE: numbers were missing; SILENT; '
'LATE: it came after its time; DROPPED: the waiting rows exceeded memory and disk';
COMMENT ON COLUMN market.interruptions.missed IS 'Facts that were missed, where numbers or a grid tell; else null';
COMMENT ON COLUMN market.interruptions.repair IS
'REPAIRED: the exchange gave all of it; PARTLY; LOST: it has none of it, see market.gaps; null: not tried yet';
COMMENT ON COLUMN market.interruptions.detected_at IS 'Wall clock of its finding';

CREATE TABLE market.backfills (
    instrument_id SMALLINT NOT NULL,
    target_table TEXT NOT NULL,
    range_start TIMESTAMP WITH TIME ZONE NOT NULL,
    range_end TIMESTAMP WITH TIME ZONE NOT NULL,
    done_through TIMESTAMP WITH TIME ZONE NOT NULL,
    rows_inserted BIGINT NOT NULL,
    source TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT backfills_pkey PRIMARY KEY (instrument_id, target_table, range_start),
    CONSTRAINT backfills_instrument_id_fkey FOREIGN KEY(instrument_id) REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE market.backfills IS 'How far `hydra backfill` has fetched each range: it goes on there after a stop';
COMMENT ON COLUMN market.backfills.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.backfills.target_table IS 'The table that it fills';
COMMENT ON COLUMN market.backfills.range_start IS 'First instant that was asked for, inclusive';
COMMENT ON COLUMN market.backfills.range_end IS 'Last instant that was asked for, exclusive';
COMMENT ON COLUMN market.backfills.done_through IS 'Everything before this instant has been fetched and stored';
COMMENT ON COLUMN market.backfills.rows_inserted IS 'Rows that were new';
COMMENT ON COLUMN market.backfills.source IS 'REST or archive';
COMMENT ON COLUMN market.backfills.updated_at IS 'Wall clock of the row';
