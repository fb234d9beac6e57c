-- Adds the fees of an instrument as of a date, unless they are there.
INSERT INTO market.fee_rates (instrument_id, valid_from, maker_fee_bps, taker_fee_bps, source)
VALUES (%(instrument_id)s, %(valid_from)s, %(maker_fee_bps)s, %(taker_fee_bps)s, %(source)s)
ON CONFLICT DO NOTHING;
