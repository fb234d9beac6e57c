-- The planner's statistics after a run was stored: without them it takes the tables for empty, and a report would scan
-- whole tables for each row. Only their owner may analyze them, so the function runs as the owner.
CREATE OR REPLACE FUNCTION hydra.refresh_statistics()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE
    hydra.assessments, hydra.signals, hydra.risk_decisions, hydra.orders, hydra.fills, hydra.positions,
    hydra.position_events, hydra.equity, hydra.veto_counts;
END
$$;
COMMENT ON FUNCTION hydra.refresh_statistics() IS 'Analyzes the tables of runs, as their owner';
