-- Minutes in which more positions were opened side by side than the run allows. Must return no rows.
SELECT p.run_id, p.position_id, p.opened_time, count(*) AS open_positions
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
JOIN hydra.positions AS other
    ON other.run_id = p.run_id AND other.opened_time <= p.opened_time
    AND (other.closed_time IS NULL OR other.closed_time > p.opened_time)
GROUP BY p.run_id, p.position_id, p.opened_time, r.config
HAVING count(*) > (r.config->'settings'->>'max_positions')::integer
ORDER BY p.run_id, p.position_id
