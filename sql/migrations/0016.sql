-- From a database of revision 0015 to the schema of sql/schema; sql/schema/news.sql is run after it.
-- Not run for empty databases: they are built from sql/schema.

-- Headlines: where they stand, what they say, whom they concern, and which of them only repeat another.
ALTER TABLE market.news_items
ADD COLUMN url TEXT,
ADD COLUMN summary TEXT,
ADD COLUMN duplicate_of TEXT,
ADD COLUMN instrument_ids SMALLINT [] DEFAULT '{}' NOT NULL,
ADD COLUMN note TEXT;
CREATE INDEX news_items_item_id_idx ON market.news_items (item_id);
COMMENT ON COLUMN market.news_items.time IS 'Publish time, UTC; where the source gave none, or one to come: known_at';
COMMENT ON COLUMN market.news_items.item_id IS 'sha256 of source and the source''s id, or of source, title and publish time; an item is stored once';
COMMENT ON COLUMN market.news_items.url IS 'Where it can be read, untrusted; null: not said';
COMMENT ON COLUMN market.news_items.summary IS 'The first words of its text, cleaned and cut, untrusted (C25); null: none';
COMMENT ON COLUMN market.news_items.duplicate_of IS 'The earlier item (item_id) that says the same; such an item is not shown to the analyst';
COMMENT ON COLUMN market.news_items.instrument_ids IS 'The pairs it concerns, by tags and names (market.instruments); empty: the market as a whole';
COMMENT ON COLUMN market.news_items.note IS 'What was changed in it, e.g. a publish time to come or a title that was cut; null: nothing';

COMMENT ON COLUMN hydra.locks.name IS
'What is locked: run N, execution N, import, audits, generated market, terms, alerts, news, news scan';

-- A view is of a scan, and counts from when its answer was there.
ALTER TABLE hydra.news_views
ADD COLUMN scan_id BIGINT,
ADD COLUMN known_at TIMESTAMP WITH TIME ZONE;
UPDATE hydra.news_views SET known_at = time;
ALTER TABLE hydra.news_views ALTER COLUMN known_at SET NOT NULL;
COMMENT ON COLUMN hydra.news_views.scan_id IS 'The scan that it is of (hydra.news_scans); null: stored before scans were';
COMMENT ON COLUMN hydra.news_views.known_at IS 'When its answer was there, run''s clock; a decision sees what was known as of its instant';
