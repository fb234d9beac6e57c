-- What a channel has to tell now, the urgent first: new alerts, ends of told ones, those that last for %(repeat_s)s
-- seconds since they were last told. Nothing while the channel rests after a failure.
SELECT
    a.alert_id,
    a.kind,
    a.subject,
    a.severity,
    a.happened,
    a.done,
    a.advice,
    a.since,
    a.resolved_at,
    told.messages + 1 AS number,
    CASE
        WHEN told.messages = 0 AND a.resolved_at IS NULL THEN 'NEW'
        WHEN told.messages = 0 THEN 'PASSED'
        WHEN a.resolved_at IS NULL THEN 'STILL'
        ELSE 'OVER'
    END AS phase
FROM hydra.alert_channels AS c
JOIN hydra.alerts AS a ON a.resolved_at IS NULL OR a.resolved_at > c.caught_up_at - interval '1 minute'
CROSS JOIN LATERAL (
    SELECT
        count(*) AS messages,
        max(m.sent_at) AS last_sent_at,
        coalesce(bool_or(m.phase IN ('OVER', 'PASSED', 'COUNTED')), false) AS is_closed
    FROM hydra.alert_messages AS m
    WHERE m.alert_id = a.alert_id AND m.channel = c.channel
) AS told
WHERE c.channel = %(channel)s
    AND (c.next_try_at IS NULL OR c.next_try_at <= now())
    AND a.kind <> 'test'
    AND NOT told.is_closed
    AND (
        told.messages = 0
        OR a.resolved_at IS NOT NULL
        OR told.last_sent_at <= now() - make_interval(secs => %(repeat_s)s)
    )
-- New before passed, over before still.
ORDER BY a.severity, told.messages > 0, (a.resolved_at IS NULL) = (told.messages > 0), a.alert_id;
