-- Whether a session has not ended.
SELECT 1 FROM pg_stat_activity WHERE pid = %(process_id)s;
