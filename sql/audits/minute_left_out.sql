-- Minutes that a run's clock left out: it decides every one, or skips it with a reason (a backtest stores only minutes
-- in which something happened). Must return no rows.
SELECT run_id, time_before, time
FROM (
    SELECT c.run_id, c.time, lag(c.time) OVER (PARTITION BY c.run_id ORDER BY c.time) AS time_before
    FROM hydra.cycles AS c
    JOIN hydra.runs AS r USING (run_id)
    WHERE r.mode <> 'backtest'
) AS opened
WHERE time > time_before + interval '1 minute'
ORDER BY run_id, time
