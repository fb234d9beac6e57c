-- Adds the rows of one page to the record of a load that goes on. Another process may have brought the rollups up to date
-- meanwhile: with new rows they are behind again.
UPDATE market.import_batches
SET rows_read = rows_read + %(read)s,
    rows_inserted = rows_inserted + %(inserted)s,
    rows_unchanged = rows_unchanged + %(unchanged)s,
    rows_revised = rows_revised + %(revised)s,
    rollups_fresh = rollups_fresh AND %(inserted)s = 0
WHERE batch_id = %(batch_id)s;
