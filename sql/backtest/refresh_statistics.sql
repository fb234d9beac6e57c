-- The planner knows nothing of a run that was stored a moment ago, and takes its tables for empty: its report would
-- look up each row by going through all of them. Where the account may not analyze a table, the server says so in a
-- warning and leaves it to autovacuum.
ANALYZE
hydra.assessments, hydra.signals, hydra.risk_decisions, hydra.orders, hydra.fills, hydra.positions,
hydra.position_events, hydra.equity, hydra.veto_counts;
