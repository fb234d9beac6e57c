-- Stores layer 2's verdicts of a minute.
INSERT INTO hydra.assessments (
    run_id, instrument_id, time, tradability, reason_code, reason, regime, volatility_regime, volatility_zscore,
    realized_volatility, cascade_probability, liquidation_velocity, expected_range_low_1h,
    expected_range_high_1h, regime_break_alert, numbers
)
SELECT
    run_id, instrument_id, time, tradability, reason_code, reason, regime, volatility_regime, volatility_zscore,
    realized_volatility, cascade_probability, liquidation_velocity, expected_range_low_1h,
    expected_range_high_1h, regime_break_alert, numbers
FROM jsonb_populate_recordset(NULL::hydra.assessments, %(rows)s::jsonb);
