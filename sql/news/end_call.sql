-- What a call of a language model has cost.
UPDATE hydra.model_calls SET cost_usd = %(cost_usd)s WHERE call_id = %(call_id)s;
