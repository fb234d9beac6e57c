-- Positions held more than 15 minutes beyond their holding time (C47) although their pair traded after it, as of the
-- newest minute of their run. In a gap of the data no exit is possible (C132). Must return no rows.
SELECT p.run_id, p.position_id, p.instrument_id, p.state, p.opened_time, p.max_holding_until, p.closed_time
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
CROSS JOIN LATERAL (
    SELECT coalesce(
        p.closed_time, (SELECT max(c.time) FROM hydra.cycles AS c WHERE c.run_id = p.run_id AND c.state = 'CLOSED')
    ) AS held_until
) AS h
WHERE h.held_until > p.max_holding_until + interval '15 minutes'
    AND (
        r.mode NOT IN ('paper', 'backtest')
        OR EXISTS (
            SELECT FROM market.candles_1m AS c
            WHERE c.instrument_id = p.instrument_id AND c.volume > 0
                AND c.time >= p.max_holding_until AND c.time < h.held_until - interval '15 minutes'
        )
    )
ORDER BY p.run_id, p.position_id
