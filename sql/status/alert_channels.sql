-- The channels of alerts, and whether each works.
SELECT channel, failures, failing_since, next_try_at, detail, last_sent_at
FROM hydra.alert_channels
ORDER BY channel;
