-- Merges the staged rows of one file into a table of facts as merge.sql does, but other values replace the stored
-- ones: the fact takes them with the instant of this repair as its known_at, and market.revisions keeps the old row
-- with who, when, why and which file (C125).
-- {table}, {key}, {group}, {stored_key}, {staged_key}, {values}, {stored_values}, {staged_values} and {columns} are identifiers.
WITH differing AS MATERIALIZED (
    SELECT
        (SELECT jsonb_object_agg(name, to_jsonb(staged) -> name) FROM unnest(%(key_names)s::text[]) AS name) AS key,
        to_jsonb(stored) AS stored,
        to_jsonb(staged) AS offered
    FROM staged
    JOIN {table} AS stored USING ({key})
    WHERE stored.{group} = ANY (%(groups)s) AND stored.time BETWEEN %(first_time)s AND %(last_time)s
        AND ({stored_values}) IS DISTINCT FROM ({staged_values})
),
applied AS (
    UPDATE market.revisions AS r
    SET applied = true, stored = d.stored, batch_id = b.batch_id, reason = b.reason, applied_at = now(),
        applied_by = b.imported_by
    FROM differing AS d, market.import_batches AS b
    WHERE b.batch_id = %(batch_id)s AND NOT r.applied AND r.target_table = %(table_name)s AND r.key = d.key AND r.offered = d.offered
    RETURNING r.key
),
recorded AS (
    INSERT INTO market.revisions (
        batch_id, target_table, key, stored, offered, known_at, applied, reason, applied_at, applied_by
    )
    SELECT b.batch_id, %(table_name)s, d.key, d.stored, d.offered, now(), true, b.reason, now(), b.imported_by
    FROM differing AS d, market.import_batches AS b
    WHERE b.batch_id = %(batch_id)s AND NOT EXISTS (SELECT FROM applied AS a WHERE a.key = d.key)
    RETURNING 1
),
replaced AS (
    UPDATE {table} AS stored
    SET ({values}) = ROW({staged_values}), known_at = greatest(staged.known_at, now())
    FROM staged
    WHERE ({stored_key}) = ({staged_key})
        AND stored.{group} = ANY (%(groups)s) AND stored.time BETWEEN %(first_time)s AND %(last_time)s
        AND ({stored_values}) IS DISTINCT FROM ({staged_values})
    RETURNING 1
),
inserted AS (
    INSERT INTO {table} ({columns})
    SELECT {columns} FROM staged
    WHERE NOT EXISTS (
        SELECT FROM {table} AS stored
        WHERE stored.{group} = ANY (%(groups)s) AND stored.time BETWEEN %(first_time)s AND %(last_time)s
            AND ({stored_key}) = ({staged_key})
    )
    ON CONFLICT ({key}) DO NOTHING
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM inserted) AS inserted,
    (SELECT count(*) FROM differing) AS differing,
    (SELECT count(*) FROM applied) + (SELECT count(*) FROM recorded) AS newly_revised,
    (SELECT count(*) FROM replaced) AS replaced;
