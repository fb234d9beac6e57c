-- A call of a language model that begins; cost_usd: the most that it can cost.
INSERT INTO hydra.model_calls (purpose, cost_usd) VALUES (%(purpose)s, %(cost_usd)s) RETURNING call_id;
