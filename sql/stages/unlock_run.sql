-- Gives the advisory lock of a run back.
SELECT pg_advisory_unlock(%s, %s::int);
