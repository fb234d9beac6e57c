-- A run with the facts that its figures depend on, and how many minutes and pairs it has decided.
SELECT
    r.run_id, r.mode, r.market_origin, r.label, r.seed, r.feeds, r.config_hash, r.decision_set,
    r.feature_set_version, r.cost_model_version, r.code_version, r.data_from, r.data_to, r.started_at, r.ended_at,
    r.end_reason, c.first_minute, c.last_minute, c.closed_minutes, c.skipped_minutes, p.pairs
FROM hydra.runs AS r
CROSS JOIN LATERAL (
    SELECT
        min(time) AS first_minute,
        max(time) AS last_minute,
        count(*) FILTER (WHERE state = 'CLOSED') AS closed_minutes,
        count(*) FILTER (WHERE state = 'SKIPPED') AS skipped_minutes
    FROM hydra.cycles WHERE cycles.run_id = r.run_id
) AS c
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(i.base ORDER BY i.instrument_id), '{}') AS pairs
    FROM market.instruments AS i
    WHERE EXISTS (
        SELECT FROM hydra.assessments AS a WHERE a.run_id = r.run_id AND a.instrument_id = i.instrument_id
    )
) AS p
WHERE r.run_id = %(run_id)s
