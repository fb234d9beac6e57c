-- Simulated fills that their bar does not allow, and isolated positions that lost more than their margin and closing
-- costs (C131). A fill must lie inside the traded range of its bar, with room for tick, spread and slippage of the run
-- (at least half a per cent), and its bar must have volume. Exceptions: a resting order fills at its limit even if the
-- whole bar traded at better prices; a liquidated position is taken over at its bankruptcy price even if the whole bar
-- traded at worse ones; a position whose data never came back is closed at its last mark price, without a bar. Runs
-- with an older cost model are left out. A bar that a repair replaced later counts as it was. A fill by the bar has the
-- time of the bar's end, one by the recorded book (BOOK) a time inside it. Must return no rows.
WITH judged AS (
    SELECT run_id, config -> 'rules' -> 'costs' AS costs
    FROM hydra.runs
    WHERE mode IN ('paper', 'backtest') AND cost_model_version <> '1'
), paid AS (
    -- A pair without costs of its own pays those of another one: the dearest is assumed.
    SELECT
        run_id, base, coalesce((costs ->> 'taker_spread_factor')::numeric, 1) / 20000 * max(bps) FILTER (WHERE is_spread)
        + max(bps) FILTER (WHERE NOT is_spread) / 10000 + 0.001 AS share
    FROM judged
    CROSS JOIN LATERAL (
        SELECT key AS base, value::numeric AS bps, true AS is_spread FROM jsonb_each_text(costs -> 'spread_bps')
        UNION ALL
        SELECT key, value::numeric, false FROM jsonb_each_text(costs -> 'slippage_bps')
    ) AS c
    GROUP BY GROUPING SETS ((run_id, costs, base), (run_id, costs))
), simulated AS (
    SELECT
        o.run_id, o.position_id, f.fill_id, f.time, o.role, o.side, f.is_maker, f.price, f.quantity, f.fee_usd,
        o.role = 'EXIT' AND o.reason_code IS NOT DISTINCT FROM 'LIQUIDATED' AS is_taken_over,
        o.role = 'EXIT' AND EXISTS (
            SELECT FROM hydra.orders AS e
            WHERE e.position_id = o.position_id AND e.role = 'EXIT' AND e.reason_code = 'DATA_ENDED'
        ) AS is_settled, t.tolerance,
        coalesce(c.low, c5.low)::numeric * (1 - t.tolerance) AS lowest,
        coalesce(c.high, c5.high)::numeric * (1 + t.tolerance) AS highest,
        coalesce(c.volume, c5.volume) AS volume
    FROM hydra.fills AS f
    JOIN hydra.orders AS o USING (order_id)
    JOIN judged USING (run_id)
    JOIN market.instruments AS i USING (instrument_id)
    LEFT JOIN paid AS own ON own.run_id = o.run_id AND own.base = i.base
    LEFT JOIN paid AS dearest ON dearest.run_id = o.run_id AND dearest.base IS NULL
    CROSS JOIN LATERAL (SELECT greatest(0.005, coalesce(own.share, dearest.share)) AS tolerance) AS t
    LEFT JOIN market.candles_1m_versions AS c
        ON c.instrument_id = o.instrument_id AND c.time = date_trunc('minute', f.time - interval '1 microsecond')
        AND c.known_at <= f.time + interval '1 day' AND c.replaced_at > f.time + interval '1 day'
    LEFT JOIN market.candles_5m_recorded_versions AS c5
        ON c5.instrument_id = o.instrument_id AND c5.time = f.time - interval '5 minutes' AND c.time IS NULL
        AND c5.known_at <= f.time + interval '1 day' AND c5.replaced_at > f.time + interval '1 day'
)
SELECT run_id, position_id, fill_id, time, price, lowest, highest, volume, 'outside its bar' AS what
FROM simulated
WHERE NOT is_settled AND (
    coalesce(volume, 0) <= 0
    OR CASE WHEN side = 'BUY' THEN price < lowest ELSE price > highest END AND NOT is_taken_over
    OR CASE WHEN side = 'BUY' THEN price > highest ELSE price < lowest END AND NOT is_maker
)
UNION ALL
SELECT p.run_id, p.position_id, NULL, p.closed_time, p.exit_price, NULL, NULL, NULL, 'lost more than its margin'
FROM hydra.positions AS p
JOIN (
    SELECT
        position_id,
        sum(price * quantity) FILTER (WHERE role = 'ENTRY') AS entered_usd,
        sum(price * quantity * tolerance / (1 - least(tolerance, 0.9))) FILTER (WHERE role <> 'ENTRY') AS closing_usd,
        coalesce(sum(fee_usd) FILTER (WHERE is_taken_over), 0) AS kept_usd
    FROM simulated
    GROUP BY position_id
) AS f USING (position_id)
WHERE f.kept_usd - p.gross_pnl_usd > f.entered_usd / p.leverage + coalesce(f.closing_usd, 0)
ORDER BY run_id, position_id, fill_id
