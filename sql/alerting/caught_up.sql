-- A channel has nothing to tell: what ended before now needs no look any more.
UPDATE hydra.alert_channels
SET caught_up_at = now()
WHERE channel = %(channel)s AND failing_since IS NULL AND caught_up_at < now() - interval '1 minute';
