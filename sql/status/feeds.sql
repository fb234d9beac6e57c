-- Each feed of every venue that ingest has listened to in the last day: over its pairs the worst state, the oldest and
-- the newest message, the largest lag, the rate; holes of the last day that are not filled; what is wrong in words.
SELECT
    s.venue,
    s.feed,
    count(*) FILTER (WHERE s.instrument_id > 0) AS pairs,
    (array_agg(s.state ORDER BY array_position(
        ARRAY['REFUSED', 'STOPPED', 'CONNECTING', 'SILENT', 'LIVE'], s.state
    )))[1] AS state,
    max(s.last_time) AS last_time,
    max(s.last_received_at) AS last_received_at,
    max(s.lag_seconds) AS lag_seconds,
    sum(s.messages_per_second) AS messages_per_second,
    sum(s.messages)::bigint AS messages,
    max(s.unknown_fields) AS unknown_fields,
    (
        SELECT count(*)
        FROM market.gaps AS g
        JOIN market.instruments AS i USING (instrument_id)
        WHERE i.venue = s.venue AND g.source_table = s.feed AND g.filled_at IS NULL
            AND g.detected_at > now() - interval '1 day'
    ) AS gaps,
    max(s.detail) AS detail
FROM market.feed_states AS s
GROUP BY s.venue, s.feed
HAVING max(s.updated_at) > now() - interval '1 day'
ORDER BY s.venue, s.feed;
