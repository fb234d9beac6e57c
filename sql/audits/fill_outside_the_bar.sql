-- Simulated fills that their bar does not allow, and isolated positions that lost more than their margin and closing
-- costs (C131). A fill must lie inside the traded range of its bar, with half a per cent for spread, slippage and tick,
-- and its bar must have volume. Exceptions: a resting order fills at its limit even if the whole bar traded at better
-- prices; a liquidated position is taken over at its bankruptcy price even if the whole bar traded at worse ones; a
-- position whose data never came back is closed at its last mark price, without a bar. Runs with an older cost model
-- are left out. Must return no rows.
WITH simulated AS (
    SELECT
        o.run_id, o.position_id, f.fill_id, f.time, o.role, o.side, f.is_maker, f.price, f.quantity, f.fee_usd,
        o.reason_code IS NOT DISTINCT FROM 'LIQUIDATED' AS is_taken_over,
        coalesce(c.low, c5.low)::numeric * 0.995 AS lowest, coalesce(c.high, c5.high)::numeric * 1.005 AS highest,
        coalesce(c.volume, c5.volume) AS volume
    FROM hydra.fills AS f
    JOIN hydra.orders AS o USING (order_id)
    JOIN hydra.runs AS r USING (run_id)
    LEFT JOIN market.candles_1m AS c
        ON c.instrument_id = o.instrument_id AND c.time = f.time - interval '1 minute'
    LEFT JOIN market.candles_5m_recorded AS c5
        ON c5.instrument_id = o.instrument_id AND c5.time = f.time - interval '5 minutes' AND c.time IS NULL
    WHERE r.mode IN ('paper', 'backtest') AND r.cost_model_version <> '1'
        AND o.reason_code IS DISTINCT FROM 'DATA_ENDED'
)
SELECT run_id, position_id, fill_id, time, price, lowest, highest, volume, 'outside its bar' AS what
FROM simulated
WHERE coalesce(volume, 0) <= 0
    OR CASE WHEN side = 'BUY' THEN price < lowest ELSE price > highest END AND NOT is_taken_over
    OR CASE WHEN side = 'BUY' THEN price > highest ELSE price < lowest END AND NOT is_maker
UNION ALL
SELECT p.run_id, p.position_id, NULL, p.closed_time, p.exit_price, NULL, NULL, NULL, 'lost more than its margin'
FROM hydra.positions AS p
JOIN (
    SELECT
        position_id,
        sum(price * quantity) FILTER (WHERE role = 'ENTRY') AS entered_usd,
        sum(price * quantity) FILTER (WHERE role <> 'ENTRY') AS left_usd,
        coalesce(sum(fee_usd) FILTER (WHERE is_taken_over), 0) AS kept_usd
    FROM simulated
    GROUP BY position_id
) AS f USING (position_id)
WHERE f.kept_usd - p.gross_pnl_usd > f.entered_usd / p.leverage + 0.005 * coalesce(f.left_usd, 0)
ORDER BY run_id, position_id, fill_id
