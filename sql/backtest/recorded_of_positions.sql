-- Every column of a table of position events, with the position's pair and decision.
SELECT rows.*, positions.instrument_id, positions.decision_time
FROM {table} AS rows
JOIN hydra.positions AS positions USING (position_id)
WHERE positions.run_id = %(run_id)s;
