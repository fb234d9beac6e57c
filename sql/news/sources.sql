-- The state of every source of headlines that was ever asked.
SELECT
    source, url, kind, etag, last_modified, last_attempt, last_success, next_attempt, failures, last_error, items_total
FROM market.news_sources
ORDER BY source;
