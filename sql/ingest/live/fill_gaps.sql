-- Notes of holes in bars and settlements that later facts have closed them.
UPDATE market.gaps AS g
SET filled_at = now()
FROM market.instruments AS i
WHERE i.instrument_id = g.instrument_id AND i.venue = %(venue)s AND g.filled_at IS NULL
    AND g.missing_rows <= CASE g.source_table
        WHEN 'candles_1m' THEN (
            SELECT count(*) FROM market.candles_1m AS f
            WHERE f.instrument_id = g.instrument_id AND f.time >= g.gap_start AND f.time < g.gap_end
        )
        WHEN 'mark_prices' THEN (
            SELECT count(*) FROM market.mark_prices AS f
            WHERE f.instrument_id = g.instrument_id AND f.timeframe_minutes = 1
                AND f.time >= g.gap_start AND f.time < g.gap_end
        )
        WHEN 'funding_rates' THEN (
            SELECT count(*) FROM market.funding_rates AS f
            WHERE f.instrument_id = g.instrument_id AND f.time BETWEEN g.gap_start AND g.gap_end
        )
    END;
