-- The leverage brackets of an instrument as they hold at an instant, the smallest first.
SELECT * FROM market.leverage_brackets
WHERE instrument_id = %(instrument_id)s AND valid_from = (
    SELECT max(valid_from) FROM market.leverage_brackets
    WHERE instrument_id = %(instrument_id)s AND valid_from <= %(time)s
)
ORDER BY bracket;
