-- Fills whose fee is not what the exchange took from the wallet for their trade. A forced exit pays into the insurance
-- fund instead. Must return no rows.
SELECT n.run_id, f.fill_id, n.symbol, n.trade_id, f.fee_usd, -n.amount AS charged_usd
FROM hydra.exchange_income AS n
JOIN market.instruments AS i ON i.exchange_symbol = n.symbol
JOIN hydra.orders AS o ON o.run_id = n.run_id AND o.instrument_id = i.instrument_id
JOIN hydra.fills AS f ON f.order_id = o.order_id AND f.trade_id = n.trade_id
WHERE n.kind = 'COMMISSION' AND n.asset = 'USDT' AND f.fee_usd <> -n.amount
ORDER BY n.run_id, f.fill_id
