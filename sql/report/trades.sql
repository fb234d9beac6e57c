-- The positions of a run, with the signal and the decision behind each, by opening; number: place in that order.
SELECT
    row_number() OVER (ORDER BY p.opened_time, p.instrument_id)::int AS number,
    p.position_id, i.base, d.source, p.side, p.state, p.decision_time, p.opened_time, p.closed_time,
    p.peak_quantity, p.entry_price, p.exit_price, p.leverage, d.stop_loss_price, d.take_profit_price,
    s.confidence, s.regime, p.exit_reason_code, p.gross_pnl_usd, p.fees_usd, p.funding_usd, p.net_pnl_usd
FROM hydra.positions AS p
JOIN market.instruments AS i USING (instrument_id)
JOIN hydra.risk_decisions AS d
    ON d.run_id = p.run_id AND d.instrument_id = p.instrument_id AND d.time = p.decision_time
LEFT JOIN hydra.signals AS s
    ON s.run_id = d.run_id AND s.instrument_id = d.instrument_id AND s.time = d.time AND s.source = d.source
WHERE p.run_id = %(run_id)s
ORDER BY p.opened_time, p.instrument_id
