-- The signals that a model scored, of one run or of all, with what it read: the stored features, and the regimes of
-- layer 2.
SELECT
    s.run_id, s.time, s.instrument_id, i.base, s.source, s.side, s.confidence, s.expected_return,
    s.expected_adverse_excursion, s.regime, s.score, a.volatility_regime, f.feature_set_version, f.vector
FROM hydra.signals AS s
INNER JOIN market.instruments AS i USING (instrument_id)
LEFT JOIN hydra.assessments AS a
    ON a.run_id = s.run_id AND a.time = s.time AND a.instrument_id = s.instrument_id
LEFT JOIN hydra.features AS f
    ON f.run_id = s.run_id AND f.time = s.time AND f.instrument_id = s.instrument_id
WHERE
    s.score_kind = %(title)s
    AND s.time >= coalesce(%(start)s::timestamptz, '-infinity')
    AND s.time < coalesce(%(end)s::timestamptz, 'infinity')
    AND (%(run_id)s::bigint IS NULL OR s.run_id = %(run_id)s)
ORDER BY s.run_id, s.time, s.instrument_id, s.source;
