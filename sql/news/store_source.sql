-- The state of a source after an attempt; items: how many headlines it added.
INSERT INTO market.news_sources AS stored (
    source, url, kind, etag, last_modified, last_attempt, last_success, next_attempt, failures, last_error, items_total
)
VALUES (
    %(source)s, %(url)s, %(kind)s, %(etag)s, %(last_modified)s, %(last_attempt)s, %(last_success)s, %(next_attempt)s,
    %(failures)s, %(last_error)s, %(items)s
)
ON CONFLICT (source) DO UPDATE SET
    url = excluded.url,
    kind = excluded.kind,
    etag = excluded.etag,
    last_modified = excluded.last_modified,
    last_attempt = excluded.last_attempt,
    last_success = coalesce(excluded.last_success, stored.last_success),
    next_attempt = excluded.next_attempt,
    failures = excluded.failures,
    last_error = excluded.last_error,
    items_total = stored.items_total + excluded.items_total;
