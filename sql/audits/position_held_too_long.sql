-- Positions held more than a quarter of an hour beyond their time (C47), by the newest minute of their run.
-- Must return no rows.
SELECT p.run_id, p.position_id, p.instrument_id, p.state, p.opened_time, p.max_holding_until, p.closed_time
FROM hydra.positions AS p
WHERE coalesce(
    p.closed_time, (SELECT max(c.time) FROM hydra.cycles AS c WHERE c.run_id = p.run_id AND c.state = 'CLOSED')
) > p.max_holding_until + interval '15 minutes'
ORDER BY p.run_id, p.position_id
