-- A channel of alerts has taken no message for a minute although there was one; the others tell it.
SELECT
    c.channel AS subject,
    'WARNING' AS severity,
    c.failing_since AS since,
    interval '0' AS patience,
    'Alerts do not get through on the channel ' || c.channel || ': ' || c.failures || ' tries failed, the last one because of: '
        || coalesce(c.detail, 'nothing was said') AS happened,
    'HYDRA tries again, at least every five minutes; nothing that was to be told there is lost.' AS done,
    '`hydra alerts test` tries every channel at once.' AS advice
FROM hydra.alert_channels AS c
WHERE c.failing_since < now() - interval '1 minute' AND c.channel = ANY(%(channels)s::text[])
ORDER BY c.channel
