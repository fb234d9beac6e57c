-- The first free instrument id at or above the first one of generated markets.
SELECT greatest(%(first_id)s::integer, max(instrument_id) + 1) FROM market.instruments;
