-- What the gates said of a model.
SELECT gate, number, bound, is_passed, words
FROM ml.model_gates
WHERE model_id = %(model_id)s
ORDER BY gate;
