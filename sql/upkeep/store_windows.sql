-- Stores how long the facts of each table are kept (null: for ever), and after how many days they are compressed.
-- Compressed are the tables that let their facts go: the others are small, and every decision reads them.
INSERT INTO market.retention (source_table, keep_days, compress_after_days)
SELECT
    name,
    days,
    CASE WHEN name IN ('trades', 'order_books', 'premium_index') THEN %(compress_after_days)s::integer END
FROM unnest(%(tables)s::text[], %(days)s::integer[]) AS wanted (name, days)
ON CONFLICT (source_table) DO UPDATE SET (keep_days, compress_after_days, updated_at)
= ROW (excluded.keep_days, excluded.compress_after_days, now())
WHERE (retention.keep_days, retention.compress_after_days)
    IS DISTINCT FROM (excluded.keep_days, excluded.compress_after_days);
