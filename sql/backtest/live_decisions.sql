-- Layer 4's verdicts of a run, as they were recorded.
SELECT
    instrument_id, time, source, side, approved, reason_code, printed_size_usd, recommended_size_usd,
    recommended_leverage, reference_price, stop_loss_price, take_profit_price, max_holding_hours,
    trigger_kill_switch, kill_reason, numbers
FROM hydra.risk_decisions
WHERE run_id = %(run_id)s AND time >= %(start)s AND time <= %(end)s;
