-- Order books a minute: spread, imbalance and depth, as the mean of the snapshots and of the last one.
-- A snapshot with an empty side has no spread and no imbalance, and does not count in their means.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    avg((ask_prices[1] - bid_prices[1]) / ((ask_prices[1] + bid_prices[1]) / 2) * 10000) AS mean_spread_bps,
    last((ask_prices[1] - bid_prices[1]) / ((ask_prices[1] + bid_prices[1]) / 2) * 10000, time) AS last_spread_bps,
    avg(
        (market.depth_usd(bid_prices, bid_quantities) - market.depth_usd(ask_prices, ask_quantities))
        / nullif(market.depth_usd(bid_prices, bid_quantities) + market.depth_usd(ask_prices, ask_quantities), 0)
    ) AS mean_imbalance,
    last(
        (market.depth_usd(bid_prices, bid_quantities) - market.depth_usd(ask_prices, ask_quantities))
        / nullif(market.depth_usd(bid_prices, bid_quantities) + market.depth_usd(ask_prices, ask_quantities), 0), time
    ) AS last_imbalance,
    avg(market.depth_usd(bid_prices, bid_quantities)) AS mean_bid_depth_usd,
    avg(market.depth_usd(ask_prices, ask_quantities)) AS mean_ask_depth_usd,
    last(market.depth_usd(bid_prices, bid_quantities), time) AS last_bid_depth_usd,
    last(market.depth_usd(ask_prices, ask_quantities), time) AS last_ask_depth_usd,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
