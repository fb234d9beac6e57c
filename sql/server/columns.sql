-- The columns of a table or view, in their order. Written once is what the worker may not update.
SELECT
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(a.attnum = ANY (i.indkey), false) AS is_key,
    a.attidentity <> '' AS is_identity,
    a.attidentity <> '' OR a.atthasdef AS has_default,
    NOT has_column_privilege('hydra_worker', a.attrelid, a.attnum, 'UPDATE') AS is_written_once
FROM pg_attribute AS a
LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;
