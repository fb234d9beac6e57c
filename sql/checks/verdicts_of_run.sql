-- What a run decided, by pair and minute: assessments, signals and risk decisions, without words and wall clocks.
SELECT i.base, a.time, 'assessments' AS kind, '' AS source, jsonb_build_object(
    'tradability', a.tradability, 'reason_code', a.reason_code, 'regime', a.regime,
    'volatility_regime', a.volatility_regime
) AS verdict
FROM hydra.assessments AS a
JOIN market.instruments AS i USING (instrument_id)
WHERE a.run_id = %(run_id)s
UNION ALL
SELECT i.base, s.time, 'signals', s.source, jsonb_build_object(
    'side', s.side, 'confidence', round(s.confidence::numeric, 9), 'approved', s.approved, 'chosen', s.chosen,
    'reason_code', s.reason_code
)
FROM hydra.signals AS s
JOIN market.instruments AS i USING (instrument_id)
WHERE s.run_id = %(run_id)s
UNION ALL
SELECT i.base, d.time, 'risk_decisions', coalesce(d.source, ''), jsonb_build_object(
    'side', d.side, 'approved', d.approved, 'reason_code', d.reason_code
)
FROM hydra.risk_decisions AS d
JOIN market.instruments AS i USING (instrument_id)
WHERE d.run_id = %(run_id)s
