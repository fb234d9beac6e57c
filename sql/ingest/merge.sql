-- Merges the staged rows into a table of facts: new keys are inserted, equal rows are left alone, other values are
-- stored in market.revisions and the stored fact stays (C125).
-- {table}, {key}, {group}, {stored_values}, {staged_values} and {columns} are identifiers of that table; {group} is the
-- first column of its key: the instrument, the source or the feed. Stored rows are limited to the groups and the range
-- of the staged ones, so that no other chunk is read.
WITH differing AS (
    SELECT to_jsonb(stored) AS stored, to_jsonb(staged) AS offered
    FROM staged
    JOIN {table} AS stored USING ({key})
    WHERE stored.{group} = ANY (%(groups)s) AND stored.time BETWEEN %(first_time)s AND %(last_time)s
        AND ({stored_values}) IS DISTINCT FROM ({staged_values})
),
revised AS (
    INSERT INTO market.revisions (batch_id, target_table, key, stored, offered, known_at)
    SELECT
        %(batch_id)s,
        %(table_name)s,
        (SELECT jsonb_object_agg(name, offered -> name) FROM unnest(%(key_names)s::text[]) AS name),
        stored,
        offered,
        clock_timestamp()
    FROM differing
    ON CONFLICT (target_table, key, offered) WHERE NOT applied DO NOTHING
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
    (SELECT count(*) FROM revised) AS newly_revised,
    0 AS replaced;
