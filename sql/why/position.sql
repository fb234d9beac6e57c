-- The position that a pair held in a minute, or that the minute's decision opened.
SELECT
    position_id, decision_time, side, state, opened_time, closed_time, peak_quantity, entry_price, exit_price,
    leverage, stop_price, target_price, liquidation_price, max_holding_until, exit_reason_code, gross_pnl_usd,
    fees_usd, funding_usd, net_pnl_usd, mark_source
FROM hydra.positions
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s
    AND (
        decision_time = %(time)s
        OR (opened_time <= %(time)s AND (closed_time IS NULL OR closed_time > %(time)s - interval '1 minute'))
    )
ORDER BY decision_time = %(time)s, opened_time
LIMIT 1
