-- The assessed minutes of a pair next to an instant: the last before it and the first after it.
SELECT
    (
        SELECT max(time) FROM hydra.assessments
        WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time < %(time)s
    ) AS before,
    (
        SELECT min(time) FROM hydra.assessments
        WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time > %(time)s
    ) AS after
