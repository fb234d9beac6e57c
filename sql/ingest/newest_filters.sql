-- The order filters of an instrument as they hold at an instant.
SELECT * FROM market.instrument_filters
WHERE instrument_id = %(instrument_id)s AND valid_from <= %(time)s
ORDER BY valid_from DESC
LIMIT 1;
