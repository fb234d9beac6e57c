-- The last closed cycle of a run, one row a pair, as the live table shows it.
WITH last_cycle AS (
    SELECT run_id, time FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'CLOSED'
    ORDER BY time DESC
    LIMIT 1
)
SELECT
    last_cycle.time,
    instruments.base AS symbol,
    coalesce(decision.reference_price::float8, candle.close) AS price,
    assessment.tradability,
    assessment.regime,
    best.source,
    best.side,
    best.confidence,
    best.score,
    CASE WHEN decision.approved THEN decision.recommended_size_usd END AS size_usd,
    coalesce(decision.reason_code, assessment.reason_code) AS reason_code,
    assessment.tradability = 'BLOCK' AND assessment.reason_code = ANY(%(without_data)s) AS is_blocked_by_data
FROM last_cycle
CROSS JOIN unnest(%(instrument_ids)s::smallint[]) AS wanted (instrument_id)
JOIN market.instruments USING (instrument_id)
LEFT JOIN hydra.assessments AS assessment USING (run_id, instrument_id, time)
LEFT JOIN hydra.risk_decisions AS decision USING (run_id, instrument_id, time)
LEFT JOIN LATERAL (
    SELECT source, side, confidence, score
    FROM hydra.signals
    WHERE signals.run_id = last_cycle.run_id
        AND signals.instrument_id = wanted.instrument_id
        AND signals.time = last_cycle.time
    ORDER BY chosen DESC, approved DESC, score DESC NULLS LAST, confidence DESC, source
    LIMIT 1
) AS best ON true
LEFT JOIN market.candles_1m AS candle
    ON candle.instrument_id = wanted.instrument_id AND candle.time = last_cycle.time - interval '1 minute'
ORDER BY instruments.instrument_id;
