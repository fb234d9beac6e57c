-- Minutes and feature vectors whose version is not that of their run at that minute: another version decided them. The
-- vectors of a minute that was assessed before an upgrade are those of the version before. Must return no rows.
WITH versions AS (
    SELECT
        run_id, number, until, code_version, feature_set_version,
        CASE WHEN number > 1 THEN first_minute END AS decided_from,
        CASE WHEN number > 1 AND taken_over_in IN ('ASSESSED', 'SIGNALLED', 'DECIDED')
            THEN first_minute + interval '1 minute' WHEN number > 1 THEN first_minute
        END AS assessed_from
    FROM audit.versions_of_runs
),
spans AS (
    SELECT
        run_id, code_version, feature_set_version,
        tstzrange(decided_from, until) AS minutes,
        tstzrange(assessed_from, lead(assessed_from) OVER (PARTITION BY run_id ORDER BY number)) AS assessed
    FROM versions
)
SELECT c.run_id, c.time, 'code' AS part, c.code_version AS version, s.code_version AS version_of_run
FROM hydra.cycles AS c
JOIN spans AS s ON s.run_id = c.run_id AND c.time <@ s.minutes
WHERE c.code_version <> s.code_version
UNION ALL
SELECT f.run_id, f.time, 'features', f.feature_set_version, s.feature_set_version
FROM hydra.features AS f
JOIN spans AS s ON s.run_id = f.run_id AND f.time <@ s.assessed
WHERE f.feature_set_version <> s.feature_set_version
GROUP BY f.run_id, f.time, f.feature_set_version, s.feature_set_version
ORDER BY run_id, time
