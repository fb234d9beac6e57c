-- What the calls of language models of this day of UTC have cost, all runs and explanations together, USD.
SELECT coalesce(sum(model_calls.cost_usd), 0) AS spent_usd
FROM hydra.model_calls
WHERE model_calls.called_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
