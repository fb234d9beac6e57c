-- Each source of headlines that was asked in the last week: LIVE, FAILING, or STOPPED where nobody has asked it for
-- an hour after it was due; the headlines of the last day, and of these the ones that repeat another.
SELECT
    s.source,
    CASE
        WHEN s.next_attempt < now() - interval '1 hour' THEN 'STOPPED'
        WHEN s.failures > 0 THEN 'FAILING'
        ELSE 'LIVE'
    END AS state,
    s.last_attempt,
    s.last_success,
    s.next_attempt,
    s.failures,
    s.items_total,
    count(i.item_id) AS items_of_day,
    count(i.duplicate_of) AS repeats_of_day,
    s.last_error AS detail
FROM market.news_sources AS s
LEFT JOIN market.news_items AS i
    ON i.source = s.source AND i.known_at > now() - interval '1 day' AND i.time > now() - interval '60 days'
WHERE s.last_attempt > now() - interval '7 days'
GROUP BY s.source
ORDER BY s.source;
