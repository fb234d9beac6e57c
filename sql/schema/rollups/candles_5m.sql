-- Five-minute candles from minutes. Quantities that a source may lack stay null unless every row has them.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    first(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    last(close, time) AS close,
    sum(volume) AS volume,
    sum(coalesce(quote_volume, volume * (high + low + close) / 3)) AS quote_volume,
    count(quote_volume) AS quote_volume_recorded_rows,
    CASE WHEN count(trade_count) = count(*) THEN sum(trade_count) END AS trade_count,
    CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
    CASE WHEN count(taker_buy_quote_volume) = count(*)
        THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
