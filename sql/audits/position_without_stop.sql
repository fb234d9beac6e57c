-- Open positions that were not fully covered by a stop for more than five seconds (law 5), as of the newest instant
-- that the run has recorded. Must return no rows.
SELECT u.run_id, u.symbol, u.position_id, u.quantity, u.protected_quantity, u.opened_time
FROM audit.unprotected_positions AS u
WHERE (
    SELECT max(n.time) FROM (
        SELECT max(c.as_of) AS time FROM hydra.cycles AS c WHERE c.run_id = u.run_id
        UNION ALL
        SELECT max(e.time) FROM hydra.position_events AS e WHERE e.position_id = u.position_id
    ) AS n
) > u.opened_time + interval '5 seconds'
ORDER BY u.run_id, u.position_id
