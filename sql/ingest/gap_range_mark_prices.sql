-- The range in which gaps may have changed in the mark-price bars of one timeframe: bars of a minute and of
-- an hour lie side by side, and those of the other timeframe bound nothing.
SELECT
    coalesce(
        (SELECT max(time) FROM market.mark_prices
         WHERE instrument_id = %(instrument_id)s AND time < %(first_time)s
             AND timeframe_minutes * interval '1 minute' = %(step)s::interval), %(first_time)s
    ) AS from_time,
    coalesce(
        (SELECT min(time) FROM market.mark_prices
         WHERE instrument_id = %(instrument_id)s AND time > %(last_time)s
             AND timeframe_minutes * interval '1 minute' = %(step)s::interval), %(last_time)s
    ) AS to_time;
