-- The runs that trade and have not ended, the live ones first. Backtests are left out: they hold nothing that an
-- operator could stop. %(supervised)s: the runs that a process supervises.
SELECT
    runs.run_id,
    runs.run_id = ANY(%(supervised)s::bigint[]) AS is_live,
    (
        SELECT count(*) FROM hydra.positions WHERE positions.run_id = runs.run_id AND positions.state <> 'CLOSED'
    ) AS open_positions
FROM hydra.runs
WHERE runs.ended_at IS NULL AND runs.mode <> 'backtest'
ORDER BY is_live DESC, runs.run_id;
