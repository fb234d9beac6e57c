-- Takes the advisory lock of a run for this session, unless another session has it.
SELECT pg_try_advisory_lock(%s, %s::int) AS taken;
