-- Deletes the records of imported files with their quarantined and revised rows; the facts are deleted already, so the
-- same files can be imported again.
DELETE FROM market.quarantine
WHERE batch_id IN (SELECT batch_id FROM market.import_batches WHERE layout <> %(generated)s);
DELETE FROM market.revisions
WHERE batch_id IN (SELECT batch_id FROM market.import_batches WHERE layout <> %(generated)s);
DELETE FROM market.import_batches WHERE layout <> %(generated)s;
