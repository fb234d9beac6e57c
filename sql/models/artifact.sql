-- The artifact of a model.
SELECT artifact
FROM ml.models
WHERE model_id = %(model_id)s;
