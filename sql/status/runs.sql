-- The newest %(limit)s runs (NULL: all) and every older one that trades and has not ended: their progress, open positions,
-- what its kill switches stop, what scores its signals, and how they were made. %(supervised)s: the runs that a process supervises; is_live is null for a
-- run that has ended or is a backtest.
SELECT
    r.run_id,
    r.mode,
    r.label,
    coalesce(r.end_reason, 'not ended') AS end_reason,
    CASE
        WHEN r.ended_at IS NULL AND r.mode <> 'backtest' THEN r.run_id = ANY(%(supervised)s::bigint[])
    END AS is_live,
    (SELECT max(time) FROM hydra.cycles AS c WHERE c.run_id = r.run_id AND c.state = 'CLOSED') AS decided_until,
    e.equity_usd,
    (SELECT count(*) FROM hydra.positions AS p WHERE p.run_id = r.run_id AND p.state = 'CLOSED') AS closed_trades,
    (SELECT count(*) FROM hydra.positions AS p WHERE p.run_id = r.run_id AND p.state <> 'CLOSED') AS open_positions,
    ARRAY(
        SELECT coalesce(i.base, 'all pairs')
        FROM hydra.kill_switch AS k
        LEFT JOIN market.instruments AS i USING (instrument_id)
        WHERE k.run_id = r.run_id AND k.cleared_time IS NULL
        ORDER BY k.kill_id
    ) AS latched,
    r.config,
    r.feeds,
    r.code_version,
    r.readings_hash,
    r.feature_set_version,
    r.cost_model_version,
    (SELECT count(*) FROM audit.versions_of_runs AS v WHERE v.run_id = r.run_id) AS versions,
    nullif(s.score_kind, 'rule') AS model,
    s.complaint AS model_complaint
FROM hydra.runs AS r
LEFT JOIN LATERAL (
    SELECT equity_usd FROM hydra.equity WHERE equity.run_id = r.run_id ORDER BY time DESC LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
    SELECT score_kind, complaint FROM hydra.run_scorers WHERE run_scorers.run_id = r.run_id ORDER BY time DESC LIMIT 1
) AS s ON true
WHERE r.run_id IN (SELECT run_id FROM hydra.runs ORDER BY run_id DESC LIMIT %(limit)s)
    OR (r.ended_at IS NULL AND r.mode <> 'backtest')
ORDER BY r.run_id DESC
