-- The rows of the touched buckets, as a condition of a level's SELECT.
WHERE (ids IS NULL OR instrument_id = ANY (ids)) AND time >= {first_bucket} AND time < {last_bucket} + {width}
