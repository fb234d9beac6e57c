-- The newest round of the audits in the running system found errors.
SELECT
    found.item ->> 'audit' AS subject,
    'WARNING' AS severity,
    NULL::timestamptz AS since,
    interval '0' AS patience,
    'The audit ' || (found.item ->> 'audit') || ' found ' || (found.item ->> 'rows_found') || ' wrong rows, the first: '
        || coalesce(found.item -> 'first_rows' ->> 0, 'not kept') AS happened,
    'HYDRA goes on; the rows stay as they are.' AS done,
    '`hydra audit` runs all audits; sql/audits/' || (found.item ->> 'audit') || '.sql says what is wrong.' AS advice
FROM (SELECT findings FROM hydra.audit_rounds ORDER BY started_at DESC LIMIT 1) AS newest
CROSS JOIN LATERAL jsonb_array_elements(newest.findings) AS found (item)
ORDER BY 1
