-- Stores layer 3's signals of a minute.
INSERT INTO hydra.signals (
    run_id, instrument_id, time, source, side, confidence, expected_return, expected_adverse_excursion,
    holding_period_minutes, regime, score, score_kind, approved, chosen, reason_code, reason, thesis, metadata
)
SELECT
    run_id, instrument_id, time, source, side, confidence, expected_return, expected_adverse_excursion,
    holding_period_minutes, regime, score, score_kind, approved, chosen, reason_code, reason, thesis, metadata
FROM jsonb_populate_recordset(NULL::hydra.signals, %(rows)s::jsonb);
