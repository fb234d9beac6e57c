-- Adds the instruments of the universe that are not there yet.
INSERT INTO market.instruments (instrument_id, venue, kind, symbol, exchange_symbol, base, quote, aliases)
VALUES (%(instrument_id)s, %(venue)s, %(kind)s, %(symbol)s, %(exchange_symbol)s, %(base)s, %(quote)s, %(aliases)s)
ON CONFLICT DO NOTHING;
