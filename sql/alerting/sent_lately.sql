-- How many messages of each kind a channel took in the last %(window_s)s seconds, for the rate limit.
SELECT a.kind, count(*) AS messages
FROM hydra.alert_messages AS m
JOIN hydra.alerts AS a USING (alert_id)
WHERE m.channel = %(channel)s AND m.sent_at > now() - make_interval(secs => %(window_s)s)
    AND m.phase <> ALL(ARRAY['COUNTED', 'TEST'])
GROUP BY a.kind;
