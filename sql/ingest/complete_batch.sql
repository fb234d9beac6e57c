-- Completes the record of one imported file with what became of its rows.
UPDATE market.import_batches
SET rows_inserted = %(inserted)s,
    rows_unchanged = %(unchanged)s,
    rows_revised = %(revised)s,
    rows_replaced = %(replaced)s,
    rollups_fresh = %(rollups_fresh)s
WHERE batch_id = %(batch_id)s;
