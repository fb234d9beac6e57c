-- Opens the record of one imported file.
INSERT INTO market.import_batches (
    path, sha256, layout, target_table, rows_read, rows_inserted, rows_unchanged, rows_revised,
    rows_quarantined, first_time, last_time, rollups_fresh, prices_accepted, imported_by, reason
)
VALUES (
    %(path)s, %(sha256)s, %(layout)s, %(target_table)s, %(rows_read)s, 0, 0, 0,
    %(rows_quarantined)s, %(first_time)s, %(last_time)s, false, %(prices_accepted)s, %(user)s || ' as ' || session_user, %(reason)s
)
RETURNING batch_id;
