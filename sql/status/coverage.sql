-- Which facts of one table ({facts}, without its schema %(table)s) are stored: per venue the number of instruments and rows,
-- first and last time. Up to %(counted_rows)s rows are counted. Of a larger table rows are estimated (is_estimate) from the
-- statistics that autovacuum keeps of each chunk; what those do not know is counted.
WITH chunks AS MATERIALIZED (
    SELECT
        c.chunk_schema,
        c.chunk_name,
        c.is_compressed,
        CASE WHEN c.is_compressed THEN approximate_row_count(r.oid) ELSE greatest(r.reltuples, 0) END AS known_rows,
        CASE WHEN c.is_compressed THEN 0 ELSE r.relpages END AS known_pages,
        pg_relation_size(r.oid) / current_setting('block_size')::bigint AS pages
    FROM timescaledb_information.chunks AS c
    JOIN pg_class AS r ON r.oid = format('%%I.%%I', c.chunk_schema, c.chunk_name)::regclass
    WHERE c.hypertable_schema = 'market' AND c.hypertable_name = %(table)s
),

-- As the planner does: rows a page as of the last statistics, and the pages of now. Null where a compressed chunk has no
-- statistics: its pages tell nothing, and counting it is quick.
estimated AS (
    SELECT
        CASE WHEN NOT bool_or(is_compressed AND known_rows = 0) THEN
            coalesce(sum(known_rows) FILTER (WHERE is_compressed), 0)
            + coalesce(
                sum(pages) * sum(known_rows) FILTER (WHERE NOT is_compressed) / nullif(sum(known_pages), 0), 0
            )
        END AS row_count
    FROM chunks
),

shares AS (
    SELECT
        common.instrument_id,
        sum(c.known_rows * common.frequency) / sum(sum(c.known_rows * common.frequency)) OVER () AS share
    FROM chunks AS c
    JOIN pg_stats AS s
        ON s.schemaname = c.chunk_schema AND s.tablename = c.chunk_name AND s.attname = 'instrument_id'
    CROSS JOIN LATERAL unnest(s.most_common_vals::text::smallint[], s.most_common_freqs)
        AS common (instrument_id, frequency)
    WHERE c.known_rows > 0
    GROUP BY common.instrument_id
),

stored AS (
    SELECT
        i.instrument_id,
        i.venue,
        oldest.time AS first_time,
        newest.time AS last_time,
        CASE WHEN e.row_count > %(counted_rows)s THEN e.row_count * s.share END AS estimated_rows
    FROM market.instruments AS i
    CROSS JOIN estimated AS e
    CROSS JOIN LATERAL (
        SELECT f.time FROM {facts} AS f WHERE f.instrument_id = i.instrument_id ORDER BY f.time LIMIT 1
    ) AS oldest
    CROSS JOIN LATERAL (
        SELECT f.time FROM {facts} AS f WHERE f.instrument_id = i.instrument_id ORDER BY f.time DESC LIMIT 1
    ) AS newest
    LEFT JOIN shares AS s USING (instrument_id)
)

SELECT
    %(fact)s AS fact,
    venue,
    count(*) AS instruments,
    sum(coalesce(
        estimated_rows, (SELECT count(*) FROM {facts} AS f WHERE f.instrument_id = stored.instrument_id)
    ))::bigint AS row_count,
    bool_or(estimated_rows IS NOT NULL) AS is_estimate,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM stored
GROUP BY venue
ORDER BY venue;
