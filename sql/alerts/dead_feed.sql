-- A feed that ingest listens to has not come for a minute.
SELECT
    s.venue || ', feed ' || s.feed AS subject,
    CASE WHEN l.with_positions THEN 'CRITICAL' ELSE 'WARNING' END AS severity,
    NULL::timestamptz AS since,
    interval '1 minute' AS patience,
    'The feed ' || s.feed || ' of ' || s.venue || ' is ' || lower(string_agg(DISTINCT s.state, ', '))
        || coalesce(' for ' || string_agg(i.base, ', ' ORDER BY s.instrument_id), '')
        || coalesce('; last heard at ' || to_char(max(s.last_time), 'YYYY-MM-DD HH24:MI:SS') || ' UTC of the exchange', '')
        || coalesce(': ' || max(s.detail), '') AS happened,
    'HYDRA tries again; decisions that need it enter nothing, and after DATA_OUTAGE_FLATTEN_S positions are closed.' AS done,
    '`hydra status` shows every feed; look at the network and at the exchange''s own status page.' AS advice
FROM market.feed_states AS s
JOIN hydra.watched_ingest AS l USING (venue)
LEFT JOIN market.instruments AS i ON i.instrument_id = s.instrument_id
WHERE s.state IN ('SILENT', 'CONNECTING', 'REFUSED')
GROUP BY s.venue, s.feed, l.with_positions
ORDER BY s.venue, s.feed
