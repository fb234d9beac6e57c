-- The instruments that a run decides about, whether or not one of them has a row of its own.
SELECT instrument_id, symbol, exchange_symbol, base
FROM market.instruments
WHERE instrument_id IN (
    SELECT jsonb_array_elements_text(config -> 'instrument_ids')::smallint
    FROM hydra.runs
    WHERE run_id = %(run_id)s
)
ORDER BY instrument_id
