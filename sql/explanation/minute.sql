-- The rows of one minute of a pair, each with an id: verdicts, the news as known then, orders, and the position that the
-- minute's decision opened, with its events and fills. What the analyst was sent is left out: strangers wrote it.
WITH decided AS (
    SELECT coalesce(
        (SELECT c.as_of FROM hydra.cycles AS c WHERE c.run_id = %(run_id)s AND c.time = %(time)s), %(time)s
    ) AS as_of
), opened AS (
    SELECT * FROM hydra.positions
    WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND decision_time = %(time)s
), sent AS (
    SELECT * FROM hydra.orders
    WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s
        AND (decision_time = %(time)s OR position_id IN (SELECT position_id FROM opened))
), view AS (
    SELECT * FROM hydra.news_views
    WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s
        AND known_at <= (SELECT as_of FROM decided)
    ORDER BY known_at DESC LIMIT 1
), scan AS (
    SELECT * FROM hydra.news_scans
    WHERE run_id = %(run_id)s AND time <= (SELECT as_of FROM decided)
    ORDER BY time DESC, scan_id DESC LIMIT 1
), found AS (
    SELECT 1 AS place, 'instrument' AS row_id, to_jsonb(i) - 'aliases' AS columns
    FROM market.instruments AS i WHERE i.instrument_id = %(instrument_id)s
    UNION ALL
    SELECT 2, 'assessment', to_jsonb(a) - 'decided_at' FROM hydra.assessments AS a
    WHERE a.run_id = %(run_id)s AND a.instrument_id = %(instrument_id)s AND a.time = %(time)s
    UNION ALL
    SELECT 3, 'signal ' || s.source, to_jsonb(s) - 'decided_at' FROM hydra.signals AS s
    WHERE s.run_id = %(run_id)s AND s.instrument_id = %(instrument_id)s AND s.time = %(time)s
    UNION ALL
    SELECT 4, 'news scan ' || s.scan_id, to_jsonb(s) - '{prompt,answer,decided_at,item_ids}'::text[] FROM scan AS s
    UNION ALL
    SELECT 5, 'news view', to_jsonb(v) - '{answer,decided_at,item_ids}'::text[] FROM view AS v
    UNION ALL
    SELECT 6, 'risk decision', to_jsonb(d) - 'decided_at' FROM hydra.risk_decisions AS d
    WHERE d.run_id = %(run_id)s AND d.instrument_id = %(instrument_id)s AND d.time = %(time)s
    UNION ALL
    SELECT 7, 'order ' || o.order_id, to_jsonb(o) FROM sent AS o
    UNION ALL
    SELECT 8, 'fill ' || f.fill_id, to_jsonb(f) - 'recorded_at' FROM hydra.fills AS f JOIN sent USING (order_id)
    UNION ALL
    SELECT 9, 'position ' || p.position_id, to_jsonb(p) FROM opened AS p
    UNION ALL
    SELECT 10, 'event ' || e.position_id || '.' || e.sequence, to_jsonb(e)
    FROM hydra.position_events AS e JOIN opened USING (position_id) WHERE e.kind <> 'CHECKED'
)
SELECT row_id, columns FROM found ORDER BY place, row_id;
