-- Truncates every table of runs, which frees their disk space at once. The trials in ml.trials stay counted.
-- A session that reads them is not waited for without end.
SET LOCAL lock_timeout = '30s';
UPDATE ml.trials SET run_id = NULL WHERE run_id IS NOT NULL;
TRUNCATE
    hydra.operator_requests, hydra.exchange_income, hydra.account_differences, hydra.reconciliations,
    hydra.fills, hydra.order_events, hydra.orders, hydra.position_events, hydra.positions, hydra.risk_decisions,
    hydra.signals, hydra.news_views, hydra.news_scans, hydra.assessments, hydra.features, hydra.equity,
    hydra.veto_counts, hydra.kill_switch, hydra.cycles, hydra.run_versions, hydra.run_scorers;
DELETE FROM hydra.runs;
