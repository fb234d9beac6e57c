-- Layer 3's signals of a pair and minute, the best first.
SELECT
    source, side, confidence, expected_return, expected_adverse_excursion, holding_period_minutes, score,
    score_kind, approved, chosen, reason_code, reason, thesis, metadata
FROM hydra.signals
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time = %(time)s
ORDER BY chosen DESC, approved DESC, score DESC NULLS LAST, confidence DESC, source
