-- Forced orders in five minutes and side, from minutes.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    sum(long_usd) AS long_usd,
    sum(short_usd) AS short_usd,
    sum(long_count)::bigint AS long_count,
    sum(short_count)::bigint AS short_count,
    sum(row_count)::bigint AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
