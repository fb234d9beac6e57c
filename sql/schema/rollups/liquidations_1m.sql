-- Forced orders a minute and side.
SELECT
    instrument_id,
    {bucket} AS time,
    max(known_at) AS known_at,
    coalesce(sum(value_usd) FILTER (WHERE side = 'LONG'), 0) AS long_usd,
    coalesce(sum(value_usd) FILTER (WHERE side = 'SHORT'), 0) AS short_usd,
    count(*) FILTER (WHERE side = 'LONG') AS long_count,
    count(*) FILTER (WHERE side = 'SHORT') AS short_count,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY instrument_id, {bucket}
