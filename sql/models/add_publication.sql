-- Adds a row to the log of a name, and wakes those that serve one of its models.
WITH added AS (
    INSERT INTO ml.publications (name, model_id, action, serving_model_id, is_pinned, operator, reason)
    VALUES (%(name)s, %(model_id)s, %(action)s, %(serving_model_id)s, %(is_pinned)s, %(operator)s, %(reason)s)
    RETURNING name
)
SELECT pg_notify(%(channel)s, name) FROM added;
