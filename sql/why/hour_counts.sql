-- What a backtest counted for a pair in the hour of a minute: verdicts by layer and reason.
SELECT layer, reason_code, verdicts
FROM hydra.veto_counts
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND hour = time_bucket(interval '1 hour', %(time)s)
ORDER BY layer, verdicts DESC, reason_code
