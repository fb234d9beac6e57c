-- Stores the result of a level's SELECT for the touched buckets, and removes buckets that lost their rows.
    WITH fresh AS MATERIALIZED (
{select}
    ),
    removed AS (
        DELETE FROM {rollup} AS kept
        WHERE (ids IS NULL OR kept.instrument_id = ANY (ids))
            AND kept.time >= {first_bucket} AND kept.time < {last_bucket} + {width}
            AND NOT EXISTS (
                SELECT FROM fresh WHERE fresh.instrument_id = kept.instrument_id AND fresh.time = kept.time
            )
    )
    INSERT INTO {rollup} AS kept
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET ({values}) = ROW ({new_values})
    WHERE ({kept_values}) IS DISTINCT FROM ({new_values});
