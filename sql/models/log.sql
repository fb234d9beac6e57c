-- The log of a name, newest last.
SELECT
    publications.action,
    models.version,
    serving.version AS serving_version,
    publications.is_pinned,
    publications.operator,
    publications.reason,
    publications.recorded_at
FROM ml.publications
INNER JOIN ml.models USING (model_id)
LEFT JOIN ml.models AS serving ON publications.serving_model_id = serving.model_id
WHERE publications.name = %(name)s
ORDER BY publications.publication_id;
