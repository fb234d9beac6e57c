-- The volatility regimes of some pairs at the last five-minute evaluations up to a minute, newest first (C121).
SELECT instrument_id, array_agg(coalesce(volatility_regime, -1)::integer ORDER BY time DESC) AS regimes
FROM hydra.assessments
WHERE run_id = %(run_id)s AND instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND time = ANY (%(evaluations)s::timestamptz[])
GROUP BY instrument_id
ORDER BY instrument_id;
