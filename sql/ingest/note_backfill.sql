-- Records how far a range has been fetched; of one that was begun before, what came in adds up.
INSERT INTO market.backfills (
    instrument_id, target_table, range_start, range_end, done_through, rows_inserted, source
)
VALUES (%(instrument_id)s, %(table)s, %(start)s, %(end)s, %(done_through)s, %(inserted)s, 'REST')
ON CONFLICT (instrument_id, target_table, range_start) DO UPDATE SET
    range_end = greatest(backfills.range_end, excluded.range_end),
    done_through = greatest(backfills.done_through, excluded.done_through),
    rows_inserted = backfills.rows_inserted + excluded.rows_inserted,
    updated_at = now();
