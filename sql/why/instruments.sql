-- The instruments that a run has assessed.
SELECT instrument_id, symbol, exchange_symbol, base
FROM market.instruments
WHERE EXISTS (
    SELECT FROM hydra.assessments
    WHERE assessments.run_id = %(run_id)s AND assessments.instrument_id = instruments.instrument_id
)
ORDER BY instrument_id
