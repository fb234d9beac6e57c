-- The rows that a refresh aggregates again.
WHERE (ids IS NULL OR instrument_id = ANY (ids)) AND time >= {first_bucket} AND time < {last_bucket} + {width}
