-- Schema market: the state of each source of headlines. Schema hydra: what the news analyst was asked and answered.

CREATE TABLE market.news_sources (
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    last_attempt TIMESTAMP WITH TIME ZONE,
    last_success TIMESTAMP WITH TIME ZONE,
    next_attempt TIMESTAMP WITH TIME ZONE,
    failures INTEGER DEFAULT 0 NOT NULL,
    last_error TEXT,
    items_total BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT news_sources_pkey PRIMARY KEY (source),
    CONSTRAINT news_sources_kind_check CHECK (kind IN ('feed', 'coindesk')),
    CONSTRAINT news_sources_failures_check CHECK (failures >= 0)
);
COMMENT ON TABLE market.news_sources IS 'How each source of headlines fares: when it is asked again, and what was wrong';
COMMENT ON COLUMN market.news_sources.source IS 'Its name, as in the list of sources (NEWS_SOURCES_FILE) and in market.news_items';
COMMENT ON COLUMN market.news_sources.url IS 'Where it is asked, without keys; another address begins anew';
COMMENT ON COLUMN market.news_sources.kind IS 'feed: RSS or Atom; coindesk: the data API of CoinDesk';
COMMENT ON COLUMN market.news_sources.etag IS 'The mark of the content that was read last, sent with the next request; null: none';
COMMENT ON COLUMN market.news_sources.last_modified IS 'The date of the content that was read last, as the source writes it; null: none';
COMMENT ON COLUMN market.news_sources.last_attempt IS 'When it was asked last, wall clock';
COMMENT ON COLUMN market.news_sources.last_success IS 'When it answered last, wall clock; null: never';
COMMENT ON COLUMN market.news_sources.next_attempt IS 'Not asked before this, wall clock: its interval, its back-off, or what it said itself';
COMMENT ON COLUMN market.news_sources.failures IS 'Attempts that failed since the last success';
COMMENT ON COLUMN market.news_sources.last_error IS 'What the last attempt came to, in a sentence; null: it was good';
COMMENT ON COLUMN market.news_sources.items_total IS 'Headlines stored from it, near-duplicates too';

CREATE TABLE hydra.news_scans (
    scan_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    trigger TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    provider TEXT NOT NULL,
    model_id TEXT,
    prompt TEXT,
    answer TEXT,
    item_ids TEXT [] NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd NUMERIC,
    latency_ms INTEGER,
    stop_reason TEXT,
    request_id TEXT,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    replayed_scan_id BIGINT,
    retry_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT news_scans_pkey PRIMARY KEY (scan_id),
    CONSTRAINT news_scans_run_id_fkey FOREIGN KEY(run_id) REFERENCES hydra.runs (run_id),
    CONSTRAINT news_scans_trigger_check CHECK (trigger IN ('schedule', 'forced', 'replayed')),
    CONSTRAINT news_scans_outcome_check CHECK (outcome IN (
        'ANALYZED', 'PARTIAL', 'NO_KEY', 'NO_MODEL', 'NO_BUDGET', 'NO_NEWS', 'REFUSED', 'TIMED_OUT', 'RATE_LIMITED',
        'OVERLOADED', 'UNREACHABLE', 'BAD_KEY', 'UNKNOWN_MODEL', 'MALFORMED', 'CUT_OFF'
    ))
);
CREATE INDEX news_scans_run_id_time_idx ON hydra.news_scans (run_id, time);
COMMENT ON TABLE hydra.news_scans IS
'Layer 3: each scan of the news analyst with what was asked, what came and what it cost; one without an answer says why';
COMMENT ON COLUMN hydra.news_scans.scan_id IS 'Number of the scan';
COMMENT ON COLUMN hydra.news_scans.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.news_scans.time IS 'When it began, run''s clock';
COMMENT ON COLUMN hydra.news_scans.trigger IS 'schedule: it was due; forced: on demand; replayed: a stored scan of another run';
COMMENT ON COLUMN hydra.news_scans.outcome IS
'ANALYZED, PARTIAL (pairs missing or invalid), or why there is no analysis';
COMMENT ON COLUMN hydra.news_scans.detail IS 'The outcome in a sentence, without secrets';
COMMENT ON COLUMN hydra.news_scans.provider IS 'Whose model was asked, e.g. anthropic';
COMMENT ON COLUMN hydra.news_scans.model_id IS 'Which model was asked; null: none';
COMMENT ON COLUMN hydra.news_scans.prompt IS 'What was sent, with untrusted headlines (C25); null: nothing';
COMMENT ON COLUMN hydra.news_scans.answer IS 'The text of the answer as it came, untrusted (C25); null: none came';
COMMENT ON COLUMN hydra.news_scans.item_ids IS 'The headlines it was shown (market.news_items)';
COMMENT ON COLUMN hydra.news_scans.input_tokens IS 'Tokens that were sent, as the answer counts them; null: no answer';
COMMENT ON COLUMN hydra.news_scans.output_tokens IS 'Tokens of the answer, as it counts them; null: no answer';
COMMENT ON COLUMN hydra.news_scans.cost_usd IS 'Both at the prices set, USD; null: no answer, or no price is known';
COMMENT ON COLUMN hydra.news_scans.latency_ms IS 'From the request to its answer or failure, milliseconds; null: nothing was sent';
COMMENT ON COLUMN hydra.news_scans.stop_reason IS 'Why the model stopped, in the provider''s word';
COMMENT ON COLUMN hydra.news_scans.request_id IS 'The provider''s id of the request';
COMMENT ON COLUMN hydra.news_scans.decided_at IS 'Wall clock';
COMMENT ON COLUMN hydra.news_scans.replayed_scan_id IS 'The stored scan that this one repeats, which may have been deleted since; null: a scan of its own';
COMMENT ON COLUMN hydra.news_scans.retry_at IS 'The provider asked not to be asked before, wall clock; null: it did not';

-- A view is of a scan.
ALTER TABLE hydra.news_views
    ADD CONSTRAINT news_views_scan_id_fkey FOREIGN KEY (scan_id) REFERENCES hydra.news_scans (scan_id);
CREATE INDEX news_views_scan_id_idx ON hydra.news_views (scan_id);

-- What a language model was asked for, before it is asked: a call that is cut off counts too.
CREATE TABLE hydra.model_calls (
    call_id BIGINT GENERATED ALWAYS AS IDENTITY,
    purpose TEXT NOT NULL,
    called_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    cost_usd NUMERIC NOT NULL,
    CONSTRAINT model_calls_pkey PRIMARY KEY (call_id)
);
CREATE INDEX model_calls_called_at_idx ON hydra.model_calls (called_at);
COMMENT ON TABLE hydra.model_calls IS 'Each call of a language model with its cost, which the budget of a day counts';
COMMENT ON COLUMN hydra.model_calls.call_id IS 'Number of the call';
COMMENT ON COLUMN hydra.model_calls.purpose IS 'scan: of the news; explanation: hydra explain';
COMMENT ON COLUMN hydra.model_calls.called_at IS 'Wall clock, before it was sent';
COMMENT ON COLUMN hydra.model_calls.cost_usd IS
'What it cost, USD; the most that it can have cost as long as no answer has told, e.g. after a time-out or a crash';
