-- Notes that the rollups cover these imported files.
UPDATE market.import_batches SET rollups_fresh = true WHERE batch_id = ANY (%(batch_ids)s);
