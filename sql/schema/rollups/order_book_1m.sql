-- Order books a minute: spread, imbalance and depth, of all snapshots and of the last one. A snapshot with an empty side
-- has no spread and does not count there. Per snapshot only the depth of each side is computed, as books are many.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    avg((ask_prices[1] - bid_prices[1]) / ((ask_prices[1] + bid_prices[1]) / 2) * 10000) AS mean_spread_bps,
    ((last(ask_prices, time))[1] - (last(bid_prices, time))[1])
    / (((last(ask_prices, time))[1] + (last(bid_prices, time))[1]) / 2) * 10000 AS last_spread_bps,
    (avg(market.depth_usd(bid_prices, bid_quantities)) - avg(market.depth_usd(ask_prices, ask_quantities)))
    / nullif(avg(market.depth_usd(bid_prices, bid_quantities)) + avg(market.depth_usd(ask_prices, ask_quantities)), 0)
        AS mean_imbalance,
    (
        market.depth_usd(last(bid_prices, time), last(bid_quantities, time))
        - market.depth_usd(last(ask_prices, time), last(ask_quantities, time))
    ) / nullif(
        market.depth_usd(last(bid_prices, time), last(bid_quantities, time))
        + market.depth_usd(last(ask_prices, time), last(ask_quantities, time)), 0
    ) AS last_imbalance,
    avg(market.depth_usd(bid_prices, bid_quantities)) AS mean_bid_depth_usd,
    avg(market.depth_usd(ask_prices, ask_quantities)) AS mean_ask_depth_usd,
    market.depth_usd(last(bid_prices, time), last(bid_quantities, time)) AS last_bid_depth_usd,
    market.depth_usd(last(ask_prices, time), last(ask_quantities, time)) AS last_ask_depth_usd,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
