-- Layer 3's signals of a run, as they were recorded.
SELECT
    instrument_id, time, source, side, confidence, expected_return, expected_adverse_excursion,
    holding_period_minutes, regime, score, score_kind, approved, chosen, reason_code, metadata
FROM hydra.signals
WHERE run_id = %(run_id)s AND time >= %(start)s AND time <= %(end)s;
