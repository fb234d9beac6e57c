-- The newest minute of a pair that was decided, where it has no row of its own the newest that the run decided; and the
-- newest minute that the run decided, which in a backtest often has no rows.
WITH decided AS (
    SELECT coalesce(
        (SELECT max(time) FROM hydra.cycles WHERE run_id = %(run_id)s AND state = 'CLOSED'),
        (SELECT max(hour) FROM hydra.veto_counts WHERE run_id = %(run_id)s)
    ) AS until
),
of_pair AS (
    SELECT coalesce(
        (SELECT max(time) FROM hydra.risk_decisions WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s),
        (SELECT max(time) FROM hydra.assessments WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s)
    ) AS time
)
SELECT
    coalesce(of_pair.time, decided.until) AS time,
    greatest(of_pair.time, decided.until) AS decided_until
FROM decided, of_pair
