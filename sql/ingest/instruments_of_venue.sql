-- The instruments of a venue, in the order in which they were added.
SELECT instrument_id FROM market.instruments WHERE venue = %(venue)s ORDER BY instrument_id;
