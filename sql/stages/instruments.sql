-- The instruments of a venue: number, name, and the stretch of stored candles.
SELECT
    instruments.instrument_id,
    instruments.base,
    (SELECT min(time) FROM market.candles_1m WHERE candles_1m.instrument_id = instruments.instrument_id) AS first_candle,
    (SELECT max(time) FROM market.candles_1m WHERE candles_1m.instrument_id = instruments.instrument_id) AS last_candle
FROM market.instruments
WHERE venue = %(venue)s AND kind = 'perpetual'
ORDER BY instruments.instrument_id;
