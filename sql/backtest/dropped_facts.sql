-- From which day to which are trades or order books of a range no longer kept? The rollup has them, the facts are gone.
SELECT gone.source_table, min(gone.day) AS first_day, max(gone.day) AS last_day
FROM (
    SELECT 'order_books' AS source_table, d.day
    FROM generate_series(date_trunc('day', %(start)s, 'UTC'), %(end)s, interval '1 day') AS d (day)
    CROSS JOIN unnest(%(instrument_ids)s::smallint[]) AS i (instrument_id)
    WHERE EXISTS (
            SELECT FROM market.order_book_1m AS r
            WHERE r.instrument_id = i.instrument_id AND r.time >= d.day AND r.time < d.day + interval '1 day'
                AND r.time BETWEEN %(start)s AND %(end)s
        )
        AND NOT EXISTS (
            SELECT FROM market.order_books AS f
            WHERE f.instrument_id = i.instrument_id AND f.time >= d.day AND f.time < d.day + interval '1 day'
        )
    UNION ALL
    SELECT 'trades', d.day
    FROM generate_series(date_trunc('day', %(start)s, 'UTC'), %(end)s, interval '1 day') AS d (day)
    CROSS JOIN unnest(%(instrument_ids)s::smallint[]) AS i (instrument_id)
    WHERE EXISTS (
            SELECT FROM market.trade_flow_1m AS r
            WHERE r.instrument_id = i.instrument_id AND r.time >= d.day AND r.time < d.day + interval '1 day'
                AND r.time BETWEEN %(start)s AND %(end)s
        )
        AND NOT EXISTS (
            SELECT FROM market.trades AS f
            WHERE f.instrument_id = i.instrument_id AND f.time >= d.day AND f.time < d.day + interval '1 day'
        )
) AS gone
GROUP BY gone.source_table
ORDER BY gone.source_table;
