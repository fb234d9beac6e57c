-- Imports whose rollups were never brought up to date (an import was cut short). Must return no rows.
SELECT batch_id, path, target_table, first_time, last_time
FROM market.import_batches
WHERE NOT rollups_fresh
ORDER BY batch_id
