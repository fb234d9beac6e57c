-- Deletes the records of imported files with what they refused and revised; the facts are gone already, so the
-- same files can be imported again.
DELETE FROM market.quarantine
WHERE batch_id IN (SELECT batch_id FROM market.import_batches WHERE layout <> %(generated)s);
DELETE FROM market.revisions
WHERE batch_id IN (SELECT batch_id FROM market.import_batches WHERE layout <> %(generated)s);
DELETE FROM market.import_batches WHERE layout <> %(generated)s;
