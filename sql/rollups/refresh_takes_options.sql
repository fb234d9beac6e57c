-- Does this version's refresh_continuous_aggregate take options (batching)?
SELECT EXISTS (
    SELECT FROM pg_proc WHERE proname = 'refresh_continuous_aggregate' AND 'options' = ANY (proargnames)
)
