-- The perpetuals of a venue by the exchange's own names.
SELECT exchange_symbol, instrument_id FROM market.instruments WHERE venue = %(venue)s AND kind = 'perpetual';
