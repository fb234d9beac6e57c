-- Records one load that was not a file of history.
INSERT INTO market.import_batches (
    path, sha256, layout, target_table, rows_read, rows_inserted, rows_unchanged, rows_revised,
    rows_quarantined, first_time, last_time, rollups_fresh
)
VALUES (
    %(path)s, %(sha256)s, %(layout)s, %(target_table)s, %(rows_read)s, %(rows_inserted)s, %(rows_unchanged)s,
    %(rows_revised)s, %(rows_quarantined)s, %(first_time)s, %(last_time)s, %(rollups_fresh)s
)
RETURNING batch_id;
