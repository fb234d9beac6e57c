-- Trades a minute by the side of the taker, and their value by size: up to 1,000, 10,000, 100,000 USDT and above (S240).
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    coalesce(sum(quantity) FILTER (WHERE NOT buyer_is_maker), 0) AS buy_volume,
    coalesce(sum(quantity) FILTER (WHERE buyer_is_maker), 0) AS sell_volume,
    coalesce(sum(price * quantity) FILTER (WHERE NOT buyer_is_maker), 0) AS buy_usd,
    coalesce(sum(price * quantity) FILTER (WHERE buyer_is_maker), 0) AS sell_usd,
    count(*) FILTER (WHERE NOT buyer_is_maker) AS buy_count,
    count(*) FILTER (WHERE buyer_is_maker) AS sell_count,
    coalesce(sum(price * quantity) FILTER (WHERE NOT buyer_is_maker AND price * quantity < 1000), 0) AS buy_below_1k_usd,
    coalesce(sum(price * quantity) FILTER (WHERE buyer_is_maker AND price * quantity < 1000), 0) AS sell_below_1k_usd,
    coalesce(sum(price * quantity) FILTER (
        WHERE NOT buyer_is_maker AND price * quantity >= 1000 AND price * quantity < 10000
    ), 0) AS buy_1k_to_10k_usd,
    coalesce(sum(price * quantity) FILTER (
        WHERE buyer_is_maker AND price * quantity >= 1000 AND price * quantity < 10000
    ), 0) AS sell_1k_to_10k_usd,
    coalesce(sum(price * quantity) FILTER (
        WHERE NOT buyer_is_maker AND price * quantity >= 10000 AND price * quantity < 100000
    ), 0) AS buy_10k_to_100k_usd,
    coalesce(sum(price * quantity) FILTER (
        WHERE buyer_is_maker AND price * quantity >= 10000 AND price * quantity < 100000
    ), 0) AS sell_10k_to_100k_usd,
    coalesce(sum(price * quantity) FILTER (WHERE NOT buyer_is_maker AND price * quantity >= 100000), 0)
        AS buy_from_100k_usd,
    coalesce(sum(price * quantity) FILTER (WHERE buyer_is_maker AND price * quantity >= 100000), 0) AS sell_from_100k_usd,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
