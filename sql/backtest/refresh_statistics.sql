-- Analyzes the tables after a run was stored: without statistics the planner takes them for empty, and a report would
-- scan whole tables for each row. If the account may not analyze a table, the server only warns and leaves it to
-- autovacuum.
ANALYZE
hydra.assessments, hydra.signals, hydra.risk_decisions, hydra.orders, hydra.fills, hydra.positions,
hydra.position_events, hydra.equity, hydra.veto_counts;
