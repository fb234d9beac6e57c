-- Layer 4's verdict on a pair and minute.
SELECT
    source, side, approved, reason_code, reason, printed_size_usd, recommended_size_usd, recommended_leverage,
    reference_price, stop_loss_price, take_profit_price, max_holding_hours, trigger_kill_switch, kill_reason,
    numbers
FROM hydra.risk_decisions
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time = %(time)s
