-- A headline, once.
INSERT INTO market.news_items (
    time, item_id, known_at, source, title, category, currencies, url, summary, duplicate_of, instrument_ids, note
)
VALUES (
    %(time)s, %(item_id)s, %(known_at)s, %(source)s, %(title)s, %(category)s, %(currencies)s, %(url)s, %(summary)s,
    %(duplicate_of)s, %(instrument_ids)s, %(note)s
)
ON CONFLICT DO NOTHING;
