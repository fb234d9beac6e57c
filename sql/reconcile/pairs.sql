-- The pairs of a run: number, and name at the exchange.
SELECT i.instrument_id, i.exchange_symbol
FROM hydra.runs AS r
CROSS JOIN LATERAL jsonb_array_elements_text(r.config -> 'instrument_ids') AS listed (instrument_id)
JOIN market.instruments AS i ON i.instrument_id = listed.instrument_id::smallint
WHERE r.run_id = %(run_id)s
ORDER BY i.instrument_id
