-- The instrument of a run that has this name.
SELECT instrument_id FROM market.instruments
WHERE instrument_id = ANY(%(instrument_ids)s::smallint[])
    AND (lower(base) = lower(%(name)s) OR lower(exchange_symbol) = lower(%(name)s) OR lower(symbol) = lower(%(name)s));
