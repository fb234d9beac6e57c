-- What tables and exchange say differently about a pair of a run.
SELECT kind, subject, in_tables::text, at_exchange::text, found_time
FROM audit.exchange_differences
WHERE run_id = %(run_id)s AND symbol = %(symbol)s
ORDER BY difference_id
