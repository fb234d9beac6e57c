-- Layer 2's verdict on a pair and minute.
SELECT
    tradability, reason_code, reason, regime, regime_confidence, volatility_regime, volatility_zscore,
    realized_volatility, cascade_probability, liquidation_velocity, regime_break_alert, numbers
FROM hydra.assessments
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time = %(time)s
