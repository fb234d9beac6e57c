-- The positions of a run, with the signal behind each, by opening.
SELECT
    p.position_id, i.base, d.source, p.side, p.state, p.decision_time, p.opened_time, p.closed_time,
    p.peak_quantity, p.entry_price, p.exit_price, p.leverage, p.exit_reason_code, p.gross_pnl_usd, p.fees_usd,
    p.funding_usd, p.net_pnl_usd, d.stop_loss_price
FROM hydra.positions AS p
JOIN market.instruments AS i USING (instrument_id)
JOIN hydra.risk_decisions AS d
    ON d.run_id = p.run_id AND d.instrument_id = p.instrument_id AND d.time = p.decision_time
WHERE p.run_id = %(run_id)s
ORDER BY p.opened_time, i.instrument_id
