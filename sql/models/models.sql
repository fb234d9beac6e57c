-- Models without their artifacts: all, those of a name, or one version of it.
SELECT
    model_id, name, version, kind, status, is_serving, is_pinned, manifest, sha256, feature_set_version, label,
    trained_from, trained_to, vault_from, vault_to, code_version, created_at
FROM ml.registered_models
WHERE
    (%(name)s::text IS NULL OR name = %(name)s)
    AND (%(version)s::integer IS NULL OR version = %(version)s)
ORDER BY name, version;
