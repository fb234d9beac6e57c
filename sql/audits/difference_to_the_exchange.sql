-- What tables and exchange have said differently for a minute or longer, as of the run's newest comparison. Must return
-- no rows.
SELECT d.run_id, d.difference_id, d.kind, d.symbol, d.subject, d.in_tables, d.at_exchange, d.found_time
FROM audit.exchange_differences AS d
WHERE d.found_time <= (
    SELECT max(r.time) FROM hydra.reconciliations AS r WHERE r.run_id = d.run_id
) - interval '1 minute'
ORDER BY d.run_id, d.difference_id
