-- Open interest in buckets (g - 5 min, g], named by their end g. A shift by one microsecond makes them [from, to), as
-- buckets must be. The addition uses UTC wall-clock time, because only that is immutable.
SELECT
    instrument_id,
    {bucket} AS bucket_start,
    (date_bin(interval '5 minutes', time, timestamptz '2000-01-01 00:00:00.000001+00') AT TIME ZONE 'UTC'
        + interval '299.999999 seconds') AT TIME ZONE 'UTC' AS time,
    max(known_at) AS known_at,
    max(time) AS measured_at,
    last(contracts, time) AS contracts,
    last(value_usd, time) AS value_usd,
    count(*) AS row_count
FROM {source}
{within}
GROUP BY
    instrument_id,
    {bucket},
    (date_bin(interval '5 minutes', time, timestamptz '2000-01-01 00:00:00.000001+00') AT TIME ZONE 'UTC'
        + interval '299.999999 seconds') AT TIME ZONE 'UTC'
