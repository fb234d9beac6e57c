-- The alerts that last and those of the last day, the newest first, and what of each went out.
SELECT
    a.alert_id,
    a.kind,
    a.subject,
    a.severity,
    a.happened,
    a.advice,
    a.since,
    a.resolved_at,
    told.times_sent,
    told.last_sent_at,
    told.channels
FROM hydra.alerts AS a
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE m.phase <> 'COUNTED') AS times_sent,
        max(m.sent_at) AS last_sent_at,
        coalesce(array_agg(DISTINCT m.channel ORDER BY m.channel), '{}') AS channels
    FROM hydra.alert_messages AS m
    WHERE m.alert_id = a.alert_id
) AS told
WHERE a.resolved_at IS NULL OR a.resolved_at > now() - interval '1 day'
ORDER BY a.resolved_at IS NOT NULL, a.alert_id DESC;
