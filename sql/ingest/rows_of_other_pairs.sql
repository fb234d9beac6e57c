-- How many of some bars of a file does each other instrument of the venue have at the same time, and how many of
-- those have the same four prices? Parallel arrays of the bars; {table} is where the file's rows go.
SELECT
    i.exchange_symbol,
    count(*) AS shared,
    count(*) FILTER (WHERE (s.open, s.high, s.low, s.close) = (b.open, b.high, b.low, b.close)) AS equal
FROM market.instruments AS i
JOIN {table} AS s
    ON s.instrument_id = i.instrument_id AND s.time = ANY (%(times)s)
JOIN unnest(%(times)s::timestamptz[], %(opens)s::float8[], %(highs)s::float8[], %(lows)s::float8[], %(closes)s::float8[])
    AS b (time, open, high, low, close) ON b.time = s.time
WHERE i.venue = 'binance' AND i.instrument_id <> %(instrument_id)s
    AND s.time BETWEEN %(first_time)s AND %(last_time)s
GROUP BY i.exchange_symbol
ORDER BY equal DESC, shared DESC
