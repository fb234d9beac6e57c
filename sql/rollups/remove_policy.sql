-- Removes the policy that refreshes a continuous aggregate, if it has one.
SELECT remove_continuous_aggregate_policy(%(relation)s::regclass, if_exists => true);
