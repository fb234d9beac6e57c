-- The positions of a run as they ended.
SELECT
    instrument_id, decision_time, side, state, opened_time, closed_time, quantity, peak_quantity, entry_price,
    cost_basis_usd, exit_price, leverage, stop_price, target_price, liquidation_price, max_holding_until, exit_reason_code,
    gross_pnl_usd, fees_usd, funding_usd, net_pnl_usd, mark_source
FROM hydra.positions
WHERE run_id = %(run_id)s;
