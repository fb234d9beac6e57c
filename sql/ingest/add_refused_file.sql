-- Notes in quarantine that a file was refused as a whole, for its symbol or its prices, unless that is noted already.
INSERT INTO market.quarantine (origin, target_table, reason, raw)
SELECT %(origin)s, %(target_table)s, %(reason)s, jsonb_build_object('file', %(origin)s::text)
WHERE NOT EXISTS (
    SELECT FROM market.quarantine
    WHERE origin = %(origin)s AND line IS NULL AND reason = %(reason)s
);
