-- What the exchange calls an instrument.
SELECT exchange_symbol FROM market.instruments WHERE instrument_id = %(instrument_id)s
