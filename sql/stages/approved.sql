-- The approved decisions of a minute.
SELECT
    instrument_id, side, recommended_size_usd, recommended_leverage, reference_price, stop_loss_price,
    take_profit_price, max_holding_hours
FROM hydra.risk_decisions
WHERE run_id = %(run_id)s AND time = %(time)s AND approved
ORDER BY instrument_id;
