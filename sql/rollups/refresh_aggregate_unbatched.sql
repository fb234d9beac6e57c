-- The same in one pass. Versions that batch take ten buckets at a time, six times slower over a long import.
CALL refresh_continuous_aggregate(
    %(relation)s::regclass, %(first_time)s, %(last_time)s, options => '{"buckets_per_batch": 0}'
)
