-- Audit views: what the news analyst is worth, and what it costs.

-- Prices only: no costs, no stop, no target. Of a veto that lasts, the first minute of each view counts.
CREATE OR REPLACE VIEW audit.news_outcomes AS
WITH vetoes AS (
    SELECT DISTINCT ON (s.run_id, s.instrument_id, s.side, v.time)
        s.run_id,
        s.instrument_id,
        'VETO' AS kind,
        s.reason_code AS said,
        s.time,
        s.side,
        c.close::float8 AS price
    FROM hydra.signals AS s
    JOIN market.candles_1m AS c
        ON c.instrument_id = s.instrument_id AND c.time = s.time - interval '1 minute'
    CROSS JOIN LATERAL (
        SELECT w.time FROM hydra.news_views AS w
        WHERE w.run_id = s.run_id AND w.instrument_id = s.instrument_id
            AND w.known_at <= s.time + interval '2 seconds'
        ORDER BY w.time DESC LIMIT 1
    ) AS v
    WHERE s.reason_code IN ('NEWS_HOLD', 'NEWS_EXIT', 'NEWS_AGAINST')
    ORDER BY s.run_id, s.instrument_id, s.side, v.time, s.time
),
exits AS (
    SELECT p.run_id, p.instrument_id, 'EXIT' AS kind, p.exit_reason_code AS said, p.closed_time AS time, p.side,
        p.exit_price::float8 AS price
    FROM hydra.positions AS p
    WHERE p.exit_reason_code = 'NEWS_EXIT' AND p.closed_time IS NOT NULL AND p.exit_price > 0
),
forbidden AS (
    SELECT e.run_id, e.instrument_id, e.kind, e.said, e.time, e.side, e.price, h.horizon_minutes,
        (c.close / e.price - 1) * 10000 * CASE e.side WHEN 'LONG' THEN 1 ELSE -1 END AS afterwards_bps
    FROM (SELECT * FROM vetoes UNION ALL SELECT * FROM exits) AS e
    CROSS JOIN (VALUES (60), (240), (1440)) AS h (horizon_minutes)
    JOIN market.candles_1m AS c
        ON c.instrument_id = e.instrument_id
        AND c.time = date_trunc('minute', e.time) + make_interval(mins => h.horizon_minutes - 1)
),
trades AS (
    SELECT p.run_id, p.instrument_id, 'TRADE' AS kind, coalesce(v.action, 'none') AS said, p.decision_time AS time,
        p.side, p.entry_price::float8 AS price, NULL::integer AS horizon_minutes,
        (p.net_pnl_usd / (p.peak_quantity * p.entry_price) * 10000)::float8 AS afterwards_bps
    FROM hydra.positions AS p
    JOIN hydra.runs AS r USING (run_id)
    LEFT JOIN LATERAL (
        SELECT w.action FROM hydra.news_views AS w
        WHERE w.run_id = p.run_id AND w.instrument_id = p.instrument_id
            AND w.known_at <= p.decision_time + interval '2 seconds'
            AND w.time > p.decision_time + interval '2 seconds' - make_interval(
                mins => 2 * coalesce((r.config -> 'rules' ->> 'news_scan_minutes')::integer, 30)
            )
        ORDER BY w.time DESC LIMIT 1
    ) AS v ON true
    WHERE p.state = 'CLOSED' AND p.peak_quantity * p.entry_price > 0
)
SELECT f.run_id, r.label, i.symbol, f.kind, f.said, f.time, f.side, f.price, f.horizon_minutes, f.afterwards_bps
FROM (SELECT * FROM forbidden UNION ALL SELECT * FROM trades) AS f
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id);

COMMENT ON VIEW audit.news_outcomes IS
    'What happened after the news forbade an entry or closed a position, and what became of the trades beside them?';
COMMENT ON COLUMN audit.news_outcomes.run_id IS 'The run';
COMMENT ON COLUMN audit.news_outcomes.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.news_outcomes.symbol IS 'The instrument';
COMMENT ON COLUMN audit.news_outcomes.kind IS
    'VETO: an entry forbidden, its first minute of a view; EXIT: a position closed; TRADE: a closed trade';
COMMENT ON COLUMN audit.news_outcomes.said IS 'Of VETO and EXIT the reason; of TRADE the view when it was decided, or none';
COMMENT ON COLUMN audit.news_outcomes.time IS 'When it was forbidden, closed, or decided';
COMMENT ON COLUMN audit.news_outcomes.side IS 'LONG or SHORT: of the entry or the position';
COMMENT ON COLUMN audit.news_outcomes.price IS 'Price then: of VETO the close of the minute, of EXIT that of the exit, of TRADE that of the entry';
COMMENT ON COLUMN audit.news_outcomes.horizon_minutes IS 'How long afterwards; null: of TRADE, its own end';
COMMENT ON COLUMN audit.news_outcomes.afterwards_bps IS
    'What that side earned afterwards, basis points; of VETO and EXIT by price alone, negative: the news saved it; of TRADE net of costs';

-- Events of one day depend on each other, so a day is one observation: the mean of the days' means, and Student's
-- interval of them (Cornish-Fisher). Under 20 events or 6 days there is no figure.
CREATE OR REPLACE VIEW audit.news_effect AS
WITH days AS (
    SELECT run_id, label, kind, said, horizon_minutes, time_bucket(interval '1 day', time) AS day, count(*) AS events,
        avg(afterwards_bps) AS mean_bps
    FROM audit.news_outcomes
    GROUP BY 1, 2, 3, 4, 5, 6
),
sums AS (
    SELECT run_id, label, kind, said, horizon_minutes, sum(events)::bigint AS events, count(*) AS days,
        avg(mean_bps) AS mean_bps, stddev_samp(mean_bps) / sqrt(count(*)) AS error_bps, count(*) - 1 AS freedom
    FROM days
    GROUP BY 1, 2, 3, 4, 5
),
judged AS (
    SELECT *, events >= 20 AND days >= 6 AS is_enough,
        1.959964 + 2.372271 / nullif(freedom, 0) + 2.822502 / nullif(freedom * freedom, 0) AS quantile
    FROM sums
)
SELECT
    run_id,
    label,
    kind,
    said,
    horizon_minutes,
    events,
    days,
    CASE WHEN is_enough THEN mean_bps END AS mean_bps,
    CASE WHEN is_enough THEN mean_bps - quantile * error_bps END AS low_bps,
    CASE WHEN is_enough THEN mean_bps + quantile * error_bps END AS high_bps
FROM judged;

COMMENT ON VIEW audit.news_effect IS
    'What are vetoes and exits by news worth, with a 95 % interval? No figure under 20 events or 6 days';
COMMENT ON COLUMN audit.news_effect.run_id IS 'The run';
COMMENT ON COLUMN audit.news_effect.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.news_effect.kind IS 'VETO, EXIT or TRADE (audit.news_outcomes)';
COMMENT ON COLUMN audit.news_effect.said IS 'Of VETO and EXIT the reason; of TRADE the view when it was decided, or none';
COMMENT ON COLUMN audit.news_effect.horizon_minutes IS 'How long afterwards; null: of TRADE, its own end';
COMMENT ON COLUMN audit.news_effect.events IS 'How many';
COMMENT ON COLUMN audit.news_effect.days IS 'UTC days on which they were';
COMMENT ON COLUMN audit.news_effect.mean_bps IS
    'Mean of the days'' means of afterwards_bps; of VETO and EXIT negative: the news saved it; null: too few';
COMMENT ON COLUMN audit.news_effect.low_bps IS 'Lower end of its 95 % interval; null: too few';
COMMENT ON COLUMN audit.news_effect.high_bps IS 'Upper end of its 95 % interval; null: too few';

CREATE OR REPLACE VIEW audit.news_cost AS
SELECT
    s.run_id,
    r.label,
    time_bucket(interval '1 day', s.time) AS day,
    count(*) AS scans,
    count(*) FILTER (WHERE s.outcome IN ('ANALYZED', 'PARTIAL')) AS analyses,
    count(*) FILTER (WHERE s.outcome NOT IN ('ANALYZED', 'PARTIAL', 'NO_NEWS')) AS failures,
    coalesce(sum(s.input_tokens), 0) AS input_tokens,
    coalesce(sum(s.output_tokens), 0) AS output_tokens,
    coalesce(sum(s.cost_usd), 0) AS cost_usd,
    count(*) FILTER (WHERE s.input_tokens IS NOT NULL AND s.cost_usd IS NULL) AS without_price,
    (percentile_cont(0.5) WITHIN GROUP (ORDER BY s.latency_ms))::float8 AS median_latency_ms
FROM hydra.news_scans AS s
JOIN hydra.runs AS r USING (run_id)
WHERE s.trigger <> 'replayed'
GROUP BY 1, 2, 3;

COMMENT ON VIEW audit.news_cost IS 'What does the news analyst cost a day? Replayed scans ask nothing and cost nothing';
COMMENT ON COLUMN audit.news_cost.run_id IS 'The run';
COMMENT ON COLUMN audit.news_cost.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.news_cost.day IS 'UTC day of the scans, by the run''s clock';
COMMENT ON COLUMN audit.news_cost.scans IS 'Scans that were made';
COMMENT ON COLUMN audit.news_cost.analyses IS 'Of these, with an analysis of all pairs or some';
COMMENT ON COLUMN audit.news_cost.failures IS 'Of these, without one, other than for want of news';
COMMENT ON COLUMN audit.news_cost.input_tokens IS 'Tokens sent';
COMMENT ON COLUMN audit.news_cost.output_tokens IS 'Tokens answered';
COMMENT ON COLUMN audit.news_cost.cost_usd IS 'USD, of those whose price is known';
COMMENT ON COLUMN audit.news_cost.without_price IS 'Answers whose price is not known: their cost is missing';
COMMENT ON COLUMN audit.news_cost.median_latency_ms IS 'Median time to an answer or a failure, milliseconds';
