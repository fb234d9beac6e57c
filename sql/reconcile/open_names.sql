-- The differences of a run that stand.
SELECT kind, symbol, subject FROM hydra.account_differences WHERE run_id = %(run_id)s AND mended_time IS NULL
