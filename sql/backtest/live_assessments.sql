-- Layer 2's verdicts of a run, as they were recorded.
SELECT
    instrument_id, time, tradability, reason_code, regime, volatility_regime, volatility_zscore,
    realized_volatility, cascade_probability, liquidation_velocity, expected_range_low_1h,
    expected_range_high_1h, regime_break_alert, numbers
FROM hydra.assessments
WHERE run_id = %(run_id)s AND time >= %(start)s AND time <= %(end)s;
