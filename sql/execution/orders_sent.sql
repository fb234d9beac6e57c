-- How many orders of each role a decision has led to; the number of the next one makes its client order id.
SELECT role, count(*) AS sent
FROM hydra.orders
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND decision_time = %(decision_time)s
    -- A clock that was set back counts them too.
    AND placed_time >= %(decision_time)s - interval '1 day'
GROUP BY role
