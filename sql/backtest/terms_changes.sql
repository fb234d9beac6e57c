-- The instants in a range at which filters or brackets of some instruments change.
SELECT DISTINCT valid_from
FROM (
    SELECT instrument_id, valid_from FROM market.instrument_filters
    UNION ALL
    SELECT instrument_id, valid_from FROM market.leverage_brackets
) AS dated
WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND valid_from > %(start)s AND valid_from <= %(end)s
ORDER BY valid_from;
