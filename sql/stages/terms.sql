-- Order filters and leverage brackets of some instruments as they hold at an instant.
-- The largest quantity is that of a market order where that is less: one stop, or one exit, must close an entry.
SELECT
    instruments.instrument_id,
    instruments.base,
    ARRAY[
        filters.tick_size, filters.step_size, filters.min_quantity,
        least(filters.max_quantity, filters.max_market_quantity), filters.min_notional_usd
    ] AS filters,
    brackets.caps,
    brackets.rates,
    brackets.cumulative,
    brackets.leverages
FROM market.instruments
JOIN LATERAL (
    SELECT * FROM market.instrument_filters
    WHERE instrument_filters.instrument_id = instruments.instrument_id AND valid_from <= %(time)s
    ORDER BY valid_from DESC
    LIMIT 1
) AS filters ON true
JOIN LATERAL (
    SELECT
        array_agg(notional_cap_usd ORDER BY bracket) AS caps,
        array_agg(maintenance_margin_rate ORDER BY bracket) AS rates,
        array_agg(cumulative_usd ORDER BY bracket) AS cumulative,
        array_agg(initial_leverage::integer ORDER BY bracket) AS leverages
    FROM market.leverage_brackets
    WHERE leverage_brackets.instrument_id = instruments.instrument_id
        AND valid_from = (
            SELECT max(valid_from) FROM market.leverage_brackets AS held
            WHERE held.instrument_id = instruments.instrument_id AND held.valid_from <= %(time)s
        )
) AS brackets ON brackets.caps IS NOT NULL
WHERE instruments.instrument_id = ANY (%(instrument_ids)s::smallint[])
ORDER BY instruments.instrument_id;
