-- Ends the alerts of kinds that this version does not know: nothing would find their end.
UPDATE hydra.alerts SET resolved_at = now() WHERE resolved_at IS NULL AND kind <> ALL(%(kinds)s::text[]);
