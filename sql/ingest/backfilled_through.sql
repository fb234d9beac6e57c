-- Up to where has a range from %(start)s on been fetched without a hole? Null: nothing of it.
SELECT max(done_through)
FROM market.backfills
WHERE instrument_id = %(instrument_id)s AND target_table = %(table)s
    AND range_start <= %(start)s AND done_through > %(start)s;
