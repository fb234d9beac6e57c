-- The headlines that became known between two instants and repeat no other, the earliest first.
-- Publish times may be older: a source that is new shows what it published in weeks.
SELECT item_id, known_at, source, title
FROM market.news_items
WHERE known_at BETWEEN %(since)s AND %(until)s
    AND time >= %(since)s - interval '60 days'
    AND duplicate_of IS NULL
ORDER BY known_at, item_id;
