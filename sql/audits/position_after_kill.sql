-- Positions that were still open a quarter of an hour after a kill switch latched over them (C123).
-- Must return no rows.
SELECT p.run_id, p.position_id, p.instrument_id, p.opened_time, p.closed_time, k.kill_id, k.latched_time
FROM hydra.positions AS p
JOIN hydra.kill_switch AS k
    ON k.run_id = p.run_id AND (k.scope = 'portfolio' OR k.instrument_id = p.instrument_id)
WHERE p.opened_time <= k.latched_time AND (p.closed_time IS NULL OR p.closed_time > k.latched_time)
    AND least(
        coalesce(p.closed_time, 'infinity'),
        (SELECT max(c.time) FROM hydra.cycles AS c WHERE c.run_id = p.run_id AND c.state = 'CLOSED')
    ) > k.latched_time + interval '15 minutes'
ORDER BY p.run_id, p.position_id
