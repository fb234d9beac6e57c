-- Schema hydra: alerts that leave the machine. What is one stands in sql/alerts, a query a kind.

CREATE TABLE hydra.alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    happened TEXT NOT NULL,
    done TEXT NOT NULL,
    advice TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT alerts_pkey PRIMARY KEY (alert_id),
    CONSTRAINT alerts_severity_check CHECK (severity IN ('CRITICAL', 'WARNING'))
);
CREATE UNIQUE INDEX alerts_one_open_idx ON hydra.alerts (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_resolved_at_idx ON hydra.alerts (resolved_at);
COMMENT ON TABLE hydra.alerts IS 'What an operator has to know: one row from its beginning to its end, one open per kind and subject';
COMMENT ON COLUMN hydra.alerts.alert_id IS 'Key';
COMMENT ON COLUMN hydra.alerts.kind IS 'The query of sql/alerts that found it; test: an operator asked for it';
COMMENT ON COLUMN hydra.alerts.subject IS 'What it is about: a run, a feed, an audit';
COMMENT ON COLUMN hydra.alerts.severity IS 'CRITICAL: money is at risk now; WARNING: it may come to that';
COMMENT ON COLUMN hydra.alerts.happened IS 'What happened, in a sentence, as of the last look';
COMMENT ON COLUMN hydra.alerts.done IS 'What HYDRA did about it';
COMMENT ON COLUMN hydra.alerts.advice IS 'What the operator can do';
COMMENT ON COLUMN hydra.alerts.since IS 'When it began, wall clock; when it was first seen if nothing says it';
COMMENT ON COLUMN hydra.alerts.first_seen_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.alerts.resolved_at IS 'Wall clock of its end; null: it lasts';

CREATE TABLE hydra.alert_channels (
    channel TEXT NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    next_try_at TIMESTAMP WITH TIME ZONE,
    detail TEXT,
    last_sent_at TIMESTAMP WITH TIME ZONE,
    caught_up_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT alert_channels_pkey PRIMARY KEY (channel),
    CONSTRAINT alert_channels_failing_check CHECK ((failures = 0) = (failing_since IS NULL))
);
COMMENT ON TABLE hydra.alert_channels IS 'The ways on which alerts leave the machine, and whether each works';
COMMENT ON COLUMN hydra.alert_channels.channel IS 'Its name: webhook, or the service of an apprise URL; never its address';
COMMENT ON COLUMN hydra.alert_channels.failures IS 'Tries that failed since the last message went out';
COMMENT ON COLUMN hydra.alert_channels.failing_since IS 'The first of them; null: it works';
COMMENT ON COLUMN hydra.alert_channels.next_try_at IS 'It is not tried again before then; null: at once';
COMMENT ON COLUMN hydra.alert_channels.detail IS 'Why the last try failed, in words';
COMMENT ON COLUMN hydra.alert_channels.last_sent_at IS 'When the last message went out';
COMMENT ON COLUMN hydra.alert_channels.caught_up_at IS 'Everything that ended before has been told on it';

CREATE TABLE hydra.alert_messages (
    alert_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    number INTEGER NOT NULL,
    phase TEXT NOT NULL,
    held_back INTEGER DEFAULT 0 NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT alert_messages_pkey PRIMARY KEY (alert_id, channel, number),
    CONSTRAINT alert_messages_phase_check CHECK (phase IN ('NEW', 'STILL', 'OVER', 'PASSED', 'COUNTED', 'TEST')),
    CONSTRAINT alert_messages_alert_id_fkey FOREIGN KEY(alert_id) REFERENCES hydra.alerts (alert_id),
    CONSTRAINT alert_messages_channel_fkey FOREIGN KEY(channel) REFERENCES hydra.alert_channels (channel)
);
CREATE INDEX alert_messages_sent_at_idx ON hydra.alert_messages (channel, sent_at);
COMMENT ON TABLE hydra.alert_messages IS
'Every message that a channel took. A kill between the sending and this row lets one message go out twice, with one number';
COMMENT ON COLUMN hydra.alert_messages.alert_id IS 'The alert (hydra.alerts)';
COMMENT ON COLUMN hydra.alert_messages.channel IS 'The channel (hydra.alert_channels)';
COMMENT ON COLUMN hydra.alert_messages.number IS 'From 1, of this alert on this channel';
COMMENT ON COLUMN hydra.alert_messages.phase IS
'NEW; STILL: repeated; OVER; PASSED: over before it could be told; COUNTED: the same, told only as a number; TEST';
COMMENT ON COLUMN hydra.alert_messages.held_back IS 'How many other alerts the rate limit held back then; the message says it';
COMMENT ON COLUMN hydra.alert_messages.sent_at IS 'Wall clock of the row, after the channel took it';

-- Replays of history and backtests alert nobody.
CREATE VIEW hydra.watched_runs AS
SELECT
    r.run_id,
    r.config -> 'exchange' ->> 'venue' AS venue,
    'run ' || r.run_id || ' (' || r.mode || ', ' || r.label || ' market ' || (r.config -> 'exchange' ->> 'venue') || ')' AS words,
    EXISTS (SELECT FROM hydra.held_locks AS h WHERE h.name = 'run ' || r.run_id) AS is_supervised,
    (SELECT count(*) FROM hydra.positions AS p WHERE p.run_id = r.run_id AND p.state <> 'CLOSED') AS open_positions,
    r.started_at
FROM hydra.runs AS r
WHERE r.ended_at IS NULL AND r.mode <> 'backtest' AND r.market_origin = 'exchange';
COMMENT ON VIEW hydra.watched_runs IS 'The runs that alerts are about: on an exchange, and not ended';
COMMENT ON COLUMN hydra.watched_runs.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.watched_runs.venue IS 'The same as in market.instruments';
COMMENT ON COLUMN hydra.watched_runs.words IS 'The run in words, for messages';
COMMENT ON COLUMN hydra.watched_runs.is_supervised IS 'Whether a process keeps it going';
COMMENT ON COLUMN hydra.watched_runs.open_positions IS 'Positions that it holds';
COMMENT ON COLUMN hydra.watched_runs.started_at IS 'Wall clock of its start';

CREATE VIEW hydra.watched_ingest AS
SELECT
    p.venue,
    s.process_id,
    p.updated_at,
    s.ended_at,
    s.end_reason,
    needed.by_runs,
    needed.with_positions
FROM market.ingest_progress AS p
JOIN market.ingest_sessions AS s USING (session_id)
CROSS JOIN LATERAL (
    SELECT
        count(*) AS runs,
        string_agg(w.words, ', ' ORDER BY w.run_id) FILTER (WHERE w.is_supervised) AS by_runs,
        coalesce(bool_or(w.open_positions > 0), false) AS with_positions
    FROM hydra.watched_runs AS w
    WHERE w.venue = p.venue
) AS needed
WHERE s.environment <> 'simulated' OR needed.runs > 0;
COMMENT ON VIEW hydra.watched_ingest IS
'Ingest as alerts see it: the newest process of each venue; of a simulated one while a run on it has not ended';
COMMENT ON COLUMN hydra.watched_ingest.venue IS 'The exchange, as in market.instruments';
COMMENT ON COLUMN hydra.watched_ingest.process_id IS 'Of the operating system';
COMMENT ON COLUMN hydra.watched_ingest.updated_at IS 'Wall clock of its last commit';
COMMENT ON COLUMN hydra.watched_ingest.ended_at IS 'Wall clock of its end; null: it goes on, or was killed';
COMMENT ON COLUMN hydra.watched_ingest.end_reason IS 'Why it ended, in words';
COMMENT ON COLUMN hydra.watched_ingest.by_runs IS 'The supervised runs that need it, in words; null: none';
COMMENT ON COLUMN hydra.watched_ingest.with_positions IS 'Whether a run on it holds positions';
