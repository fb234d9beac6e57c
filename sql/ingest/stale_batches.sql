-- The imported files whose rollups were not brought up to date (an interrupted import), per table.
SELECT target_table, array_agg(batch_id) AS batch_ids, min(first_time) AS first_time, max(last_time) AS last_time
FROM market.import_batches
WHERE NOT rollups_fresh
GROUP BY target_table;
