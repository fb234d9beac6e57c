-- What is missing, refused or unfinished in the stored facts, as one row of counts.
SELECT
    (SELECT count(*) FROM market.gaps WHERE filled_at IS NULL) AS gaps,
    (SELECT coalesce(sum(missing_rows), 0)::bigint FROM market.gaps WHERE filled_at IS NULL) AS missing_rows,
    (SELECT count(*) FROM market.quarantine) AS quarantined_rows,
    (SELECT count(*) FROM market.revisions WHERE NOT applied) AS revisions,
    (SELECT count(DISTINCT sha256) FROM market.import_batches WHERE layout <> 'generated market') AS imported_files,
    (SELECT count(*) FROM market.revisions WHERE applied) AS replaced_facts,
    (SELECT count(*) FROM market.import_batches WHERE NOT rollups_fresh) AS batches_without_fresh_rollups;
