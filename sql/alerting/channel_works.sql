-- A channel took a message.
UPDATE hydra.alert_channels
SET failures = 0, failing_since = NULL, next_try_at = NULL, detail = NULL, last_sent_at = now()
WHERE channel = %(channel)s;
