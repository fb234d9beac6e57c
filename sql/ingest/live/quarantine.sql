-- Puts one row of a feed that the database refused into quarantine.
INSERT INTO market.quarantine (origin, target_table, reason, raw)
VALUES (%(origin)s, %(target_table)s, %(reason)s, %(raw)s::jsonb);
