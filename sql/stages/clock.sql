-- Where a run's clock stands: its newest cycle and that cycle's state; no row before the first.
SELECT time, state FROM hydra.cycles WHERE run_id = %(run_id)s ORDER BY time DESC LIMIT 1;
