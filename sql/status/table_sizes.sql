-- How large is each hypertable of schema market that holds anything, and what is compressed of it? The largest first.
SELECT
    h.hypertable_name AS relation,
    h.num_chunks AS chunks,
    coalesce(compressed.number_compressed_chunks, 0) AS compressed_chunks,
    coalesce(hypertable_size(h.name), 0) AS size_bytes,
    compressed.before_compression_total_bytes AS before_bytes,
    compressed.after_compression_total_bytes AS after_bytes
FROM (
    SELECT hypertable_name, num_chunks, format('%I.%I', hypertable_schema, hypertable_name)::regclass AS name
    FROM timescaledb_information.hypertables
    WHERE hypertable_schema = 'market' AND num_chunks > 0
) AS h
LEFT JOIN LATERAL hypertable_compression_stats(h.name) AS compressed ON true
ORDER BY size_bytes DESC, relation;
