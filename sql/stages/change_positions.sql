-- Brings stored positions up to date.
UPDATE hydra.positions AS p
SET
    state = n.state,
    closed_time = n.closed_time,
    quantity = n.quantity,
    peak_quantity = n.peak_quantity,
    entry_price = n.entry_price,
    cost_basis_usd = n.cost_basis_usd,
    exit_price = n.exit_price,
    stop_price = n.stop_price,
    target_price = n.target_price,
    liquidation_price = n.liquidation_price,
    exit_reason_code = n.exit_reason_code,
    gross_pnl_usd = n.gross_pnl_usd,
    fees_usd = n.fees_usd,
    funding_usd = n.funding_usd,
    net_pnl_usd = n.net_pnl_usd
FROM jsonb_populate_recordset(NULL::hydra.positions, %(rows)s::jsonb) AS n
WHERE p.position_id = n.position_id;
