-- Ends the alerts of a kind whose subjects are not among the present ones.
UPDATE hydra.alerts
SET resolved_at = now()
WHERE kind = %(kind)s AND resolved_at IS NULL AND subject <> ALL(%(subjects)s::text[]);
