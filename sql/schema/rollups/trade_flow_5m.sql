-- Trades in five minutes by the side of the taker and by size, from minutes.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    sum(buy_volume) AS buy_volume,
    sum(sell_volume) AS sell_volume,
    sum(buy_usd) AS buy_usd,
    sum(sell_usd) AS sell_usd,
    sum(buy_count)::bigint AS buy_count,
    sum(sell_count)::bigint AS sell_count,
    sum(buy_below_1k_usd) AS buy_below_1k_usd,
    sum(sell_below_1k_usd) AS sell_below_1k_usd,
    sum(buy_1k_to_10k_usd) AS buy_1k_to_10k_usd,
    sum(sell_1k_to_10k_usd) AS sell_1k_to_10k_usd,
    sum(buy_10k_to_100k_usd) AS buy_10k_to_100k_usd,
    sum(sell_10k_to_100k_usd) AS sell_10k_to_100k_usd,
    sum(buy_from_100k_usd) AS buy_from_100k_usd,
    sum(sell_from_100k_usd) AS sell_from_100k_usd,
    sum(row_count)::bigint AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
