-- From when on trades and income are asked for: ten minutes before the newest comparison that came to its end; before
-- the first one as long before the run's first minute, which may be still to come.
SELECT coalesce(
    (
        SELECT max(time) - interval '10 minutes' FROM hydra.reconciliations
        WHERE run_id = %(run_id)s AND wallet_usd IS NOT NULL
    ),
    (SELECT data_from - interval '10 minutes' FROM hydra.runs WHERE run_id = %(run_id)s)
) AS since
