-- Deletes runs with all their rows. Their trials in ml.trials stay counted, without a run.
UPDATE ml.trials SET run_id = NULL WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.operator_requests WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.exchange_income WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.account_differences WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.reconciliations WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.fills WHERE order_id IN (SELECT order_id FROM hydra.orders WHERE run_id = ANY(%(run_ids)s));
DELETE FROM hydra.order_events WHERE order_id IN (SELECT order_id FROM hydra.orders WHERE run_id = ANY(%(run_ids)s));
DELETE FROM hydra.orders WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.position_events
WHERE position_id IN (SELECT position_id FROM hydra.positions WHERE run_id = ANY(%(run_ids)s));
DELETE FROM hydra.positions WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.risk_decisions WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.signals WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.news_views WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.news_scans WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.assessments WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.features WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.equity WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.veto_counts WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.kill_switch WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.cycles WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.run_scorers WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.run_versions WHERE run_id = ANY(%(run_ids)s);
DELETE FROM hydra.runs WHERE run_id = ANY(%(run_ids)s);
