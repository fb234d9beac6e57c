-- The instruments of a run that may not be entered: an open difference between tables and exchange blocks them.
SELECT DISTINCT instrument_id
FROM hydra.account_differences
WHERE run_id = %(run_id)s AND mended_time IS NULL AND blocks_entries AND instrument_id IS NOT NULL
ORDER BY instrument_id;
