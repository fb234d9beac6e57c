-- The newest fact of each instrument, by table; trade_id: of a trade.
SELECT 'candles_1m' AS fact, pair.instrument_id, newest.time, NULL::bigint AS trade_id
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.candles_1m AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'trades', pair.instrument_id, newest.time, newest.trade_id
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time, trade_id FROM market.trades AS f
    WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC, trade_id DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'mark_prices', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.mark_prices AS f
    WHERE f.instrument_id = pair.instrument_id AND f.timeframe_minutes = 1 ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'funding_rates', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.funding_rates AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'open_interest', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.open_interest AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'positioning', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.positioning AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest;
