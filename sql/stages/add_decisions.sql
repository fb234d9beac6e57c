-- Stores layer 4's verdicts of a minute.
INSERT INTO hydra.risk_decisions (
    run_id, instrument_id, time, source, side, approved, reason_code, reason, printed_size_usd,
    recommended_size_usd, recommended_leverage, reference_price, stop_loss_price, take_profit_price,
    max_holding_hours, trigger_kill_switch, kill_reason, numbers
)
SELECT
    run_id, instrument_id, time, source, side, approved, reason_code, reason, printed_size_usd,
    recommended_size_usd, recommended_leverage, reference_price, stop_loss_price, take_profit_price,
    max_holding_hours, trigger_kill_switch, kill_reason, numbers
FROM jsonb_populate_recordset(NULL::hydra.risk_decisions, %(rows)s::jsonb);
