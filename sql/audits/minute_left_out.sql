-- Minutes that a replay skipped, although its clock is in lock-step and opens every one (a backtest stores only
-- minutes in which something happened). Must return no rows.
SELECT run_id, time_before, time
FROM (
    SELECT c.run_id, c.time, lag(c.time) OVER (PARTITION BY c.run_id ORDER BY c.time) AS time_before
    FROM hydra.cycles AS c
    JOIN hydra.runs AS r USING (run_id)
    WHERE r.market_origin IN ('generated', 'recorded') AND r.mode <> 'backtest'
) AS opened
WHERE time > time_before + interval '1 minute'
ORDER BY run_id, time
