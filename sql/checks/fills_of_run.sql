-- The fills of a run, each with its order, and with the traded range of its minute where a candle of that is stored.
-- A fill by the bar has the time of the bar's end.
SELECT
    i.base, o.decision_time, o.role, o.side = 'BUY' AS is_buy, o.quantity AS order_quantity, o.limit_price,
    f.time, f.price, f.quantity, f.is_maker, f.evidence, c.low::numeric AS low, c.high::numeric AS high
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN market.instruments AS i USING (instrument_id)
LEFT JOIN market.candles_1m AS c
    ON c.instrument_id = o.instrument_id
    AND c.time = date_trunc('minute', CASE f.evidence WHEN 'BAR' THEN f.time - interval '1 microsecond' ELSE f.time END)
WHERE o.run_id = %(run_id)s
ORDER BY f.time, f.fill_id
