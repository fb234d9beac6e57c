-- Refreshes the planner's statistics after a run was stored.
SELECT hydra.refresh_statistics();
