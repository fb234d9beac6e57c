-- Books the exchange's funding to the positions of a run that were open at its settlement, those that have closed since
-- too, with the rate and the mark that are recorded.
WITH due AS (
    SELECT
        n.kind, n.transaction_id, n.symbol, n.time, n.amount, p.position_id, s.rate, s.mark_price,
        row_number() OVER (PARTITION BY p.position_id ORDER BY n.time, n.transaction_id) AS place
    FROM hydra.exchange_income AS n
    JOIN market.instruments AS i ON i.exchange_symbol = n.symbol
    JOIN hydra.positions AS p
        ON p.run_id = n.run_id AND p.instrument_id = i.instrument_id
        AND p.opened_time <= n.time AND (p.closed_time IS NULL OR p.closed_time >= n.time)
    LEFT JOIN LATERAL (
        SELECT rate, mark_price FROM market.funding_rates AS f
        WHERE f.instrument_id = i.instrument_id AND f.time > n.time - interval '1 minute'
            AND f.time < n.time + interval '1 minute'
        ORDER BY abs(extract(epoch FROM f.time - n.time))
        LIMIT 1
    ) AS s ON true
    WHERE n.run_id = %(run_id)s AND n.kind = 'FUNDING_FEE' AND n.asset = 'USDT' AND n.position_id IS NULL
        AND n.time >= %(since)s
), booked AS (
    UPDATE hydra.positions AS p
    SET funding_usd = p.funding_usd + d.amount, net_pnl_usd = p.net_pnl_usd + d.amount
    FROM (SELECT position_id, sum(amount) AS amount FROM due GROUP BY position_id) AS d
    WHERE p.position_id = d.position_id
    RETURNING p.position_id
), events AS (
    INSERT INTO hydra.position_events (position_id, sequence, time, kind, amount_usd, numbers)
    SELECT
        d.position_id,
        d.place + (SELECT coalesce(max(e.sequence), 0) FROM hydra.position_events AS e WHERE e.position_id = d.position_id),
        d.time, 'FUNDING', d.amount,
        jsonb_build_object('rate', d.rate, 'mark_price', d.mark_price, 'mark_source', 'exchange')
    FROM due AS d
    JOIN booked USING (position_id)
)
UPDATE hydra.exchange_income AS n
SET position_id = d.position_id
FROM due AS d
WHERE n.run_id = %(run_id)s AND n.kind = d.kind AND n.transaction_id = d.transaction_id AND n.symbol = d.symbol
