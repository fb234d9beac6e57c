"""What a database holds, as comparable rows of PostgreSQL's and TimescaleDB's catalogues."""

import psycopg

Snapshot = dict[str, list[tuple[object, ...]]]

# An owner's own privileges are spelled out once anything was granted: the same rights, so they are left out.
# Continuous aggregates carry the number of their storage in their text; it differs from run to run.
_QUERIES = {
    "schemas": """
        SELECT nspname, obj_description(oid, 'pg_namespace'),
            ARRAY(SELECT grantee::regrole || ' ' || privilege_type FROM aclexplode(nspacl)
                WHERE grantee <> nspowner ORDER BY 1),
            nspowner::regrole::text
        FROM pg_namespace
        WHERE nspname IN ('market', 'hydra', 'ml', 'audit', 'messages') ORDER BY 1""",
    "relations": """
        SELECT relnamespace::regnamespace::text, relname, relkind::text,
            ARRAY(SELECT grantee::regrole || ' ' || privilege_type FROM aclexplode(relacl)
                WHERE grantee <> relowner ORDER BY 1),
            obj_description(oid, 'pg_class'),
            CASE WHEN relkind = 'v' THEN regexp_replace(
                pg_get_viewdef(oid), '(_materialized_hypertable_|cagg_watermark\\()\\d+', '\\1', 'g') END,
            relowner::regrole::text
        FROM pg_class
        WHERE relnamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'audit', 'messages')
        ORDER BY 1, 2""",
    "columns": """
        SELECT a.attrelid::regclass::text, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
            col_description(a.attrelid, a.attnum),
            ARRAY(SELECT grantee::regrole || ' ' || privilege_type FROM aclexplode(a.attacl) ORDER BY 1)
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v')
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'audit', 'messages')
            AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY 1, 3""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'messages') ORDER BY 1, 2""",
    "indexes": """
        SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname IN ('market', 'hydra', 'ml', 'messages') ORDER BY 1, 2, 3""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal AND tgname NOT LIKE 'ts_%'
            AND tgrelid::regclass::text ~ '^(market|hydra|messages)'
        ORDER BY 1, 2""",
    "functions": """
        SELECT oid::regprocedure::text, prosrc, proconfig::text,
            obj_description(oid, 'pg_proc'), prosecdef,
            ARRAY(SELECT grantee::regrole || ' ' || privilege_type FROM aclexplode(proacl)
                WHERE grantee <> proowner ORDER BY 1),
            proowner::regrole::text
        FROM pg_proc
        WHERE pronamespace::regnamespace::text IN ('market', 'hydra', 'ml', 'audit', 'messages')
        ORDER BY 1""",
    "default_privileges": """
        SELECT defaclnamespace::regnamespace::text, defaclobjtype::text, defaclacl::text FROM pg_default_acl
        ORDER BY 1, 2""",
    "hypertables": """
        SELECT h.hypertable_schema, h.hypertable_name, d.column_name, d.time_interval
        FROM timescaledb_information.hypertables AS h
        JOIN timescaledb_information.dimensions AS d USING (hypertable_schema, hypertable_name)
        WHERE h.hypertable_schema IN ('market', 'hydra', 'ml', 'messages') ORDER BY 1, 2""",
    "continuous_aggregates": """
        SELECT view_schema, view_name, materialized_only
        FROM timescaledb_information.continuous_aggregates ORDER BY 1, 2""",
    "jobs": """
        SELECT j.proc_name, c.view_name, j.owner::text, j.schedule_interval::text,
            j.config - 'mat_hypertable_id'
        FROM timescaledb_information.jobs AS j
        JOIN timescaledb_information.continuous_aggregates AS c
            ON c.materialization_hypertable_name = j.hypertable_name OR c.view_name = j.hypertable_name
        ORDER BY 1, 2""",
}


def snapshot(url: str) -> Snapshot:
    """The catalogue rows of HYDRA's schemas, by kind of object."""
    with psycopg.connect(url, options="-c search_path=public") as connection:
        return {
            kind: [
                tuple(repr(value) if isinstance(value, dict | list) else value for value in row)
                for row in rows
            ]
            for kind, query in _QUERIES.items()
            for rows in [connection.execute(query).fetchall()]
        }


def differences(one: Snapshot, other: Snapshot) -> list[str]:
    """The rows that are in one snapshot only, as readable lines."""
    return [
        f"{kind}: {'-' if row in one[kind] else '+'} {row}"
        for kind in one
        for row in [*one[kind], *other[kind]]
        if (row in one[kind]) != (row in other[kind])
    ]
