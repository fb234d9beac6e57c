-- Refreshes one continuous aggregate over [first_time, last_time), whole buckets.
CALL refresh_continuous_aggregate(%(relation)s::regclass, %(first_time)s, %(last_time)s)
