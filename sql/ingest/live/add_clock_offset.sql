-- Stores one measurement of the exchange's clock.
INSERT INTO market.clock_offsets (venue, time, offset_ms, round_trip_ms)
VALUES (%(venue)s, %(time)s, %(offset_ms)s, %(round_trip_ms)s)
ON CONFLICT DO NOTHING;
