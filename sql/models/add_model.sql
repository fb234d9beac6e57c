-- Adds a model as the next version of its name.
INSERT INTO ml.models (
    name, version, kind, manifest, artifact, sha256, feature_set_version, label, trained_from, trained_to, vault_from,
    vault_to, code_version
)
SELECT
    %(name)s,
    COALESCE(max(version), 0) + 1,
    %(kind)s,
    %(manifest)s,
    %(artifact)s,
    %(sha256)s,
    %(feature_set_version)s,
    %(label)s,
    %(trained_from)s,
    %(trained_to)s,
    %(vault_from)s,
    %(vault_to)s,
    %(code_version)s
FROM ml.models
WHERE name = %(name)s
RETURNING model_id, version;
