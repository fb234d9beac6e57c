-- Audit views over the facts and their imports.

CREATE SCHEMA IF NOT EXISTS audit;
COMMENT ON SCHEMA audit IS 'Views that answer questions about the data; nothing is stored here';

CREATE OR REPLACE VIEW audit.data_gaps AS
SELECT
    g.source_table,
    i.symbol,
    g.gap_start,
    g.gap_end,
    g.gap_end - g.gap_start AS duration,
    g.missing_rows,
    g.detected_at,
    g.cause
FROM market.gaps AS g
JOIN market.instruments AS i USING (instrument_id)
WHERE g.filled_at IS NULL;

COMMENT ON VIEW audit.data_gaps IS
    'Where are facts missing, and how long? Features over these stretches are null';
COMMENT ON COLUMN audit.data_gaps.source_table IS 'The table with the hole';
COMMENT ON COLUMN audit.data_gaps.symbol IS 'The instrument';
COMMENT ON COLUMN audit.data_gaps.gap_start IS 'First missing time, inclusive';
COMMENT ON COLUMN audit.data_gaps.gap_end IS 'First present time after the hole, exclusive';
COMMENT ON COLUMN audit.data_gaps.duration IS 'How long the hole is';
COMMENT ON COLUMN audit.data_gaps.missing_rows IS 'How many grid points or numbered facts are missing; 0: not known';
COMMENT ON COLUMN audit.data_gaps.detected_at IS 'When the hole was found';
COMMENT ON COLUMN audit.data_gaps.cause IS 'GRID, SEQUENCE or SILENT (market.gaps)';

CREATE OR REPLACE VIEW audit.import_summary AS
SELECT
    target_table,
    count(*) AS imports,
    count(DISTINCT sha256) AS files,
    sum(rows_read)::bigint AS rows_read,
    sum(rows_inserted)::bigint AS rows_inserted,
    sum(rows_unchanged)::bigint AS rows_unchanged,
    sum(rows_revised)::bigint AS rows_revised,
    sum(rows_quarantined)::bigint AS rows_quarantined,
    min(first_time) AS first_time,
    max(last_time) AS last_time,
    max(ingested_at) AS last_import_at,
    bool_and(rollups_fresh) AS rollups_fresh
FROM market.import_batches
GROUP BY target_table;

COMMENT ON VIEW audit.import_summary IS
    'What has been imported into each table, how much of it was refused, and from when to when does it reach?';
COMMENT ON COLUMN audit.import_summary.target_table IS 'Where the rows went';
COMMENT ON COLUMN audit.import_summary.imports IS 'How often a file was imported';
COMMENT ON COLUMN audit.import_summary.files IS 'How many different files';
COMMENT ON COLUMN audit.import_summary.rows_read IS 'Rows in the files';
COMMENT ON COLUMN audit.import_summary.rows_inserted IS 'Rows that were new';
COMMENT ON COLUMN audit.import_summary.rows_unchanged IS 'Rows that were stored already with the same values';
COMMENT ON COLUMN audit.import_summary.rows_revised IS 'Rows stored with other values: kept in market.revisions';
COMMENT ON COLUMN audit.import_summary.rows_quarantined IS 'Rows that were refused: kept in market.quarantine';
COMMENT ON COLUMN audit.import_summary.first_time IS 'Earliest fact';
COMMENT ON COLUMN audit.import_summary.last_time IS 'Latest fact';
COMMENT ON COLUMN audit.import_summary.last_import_at IS 'When the newest import was made';
COMMENT ON COLUMN audit.import_summary.rollups_fresh IS 'False: some rollup does not cover these rows yet';

CREATE OR REPLACE VIEW audit.replaced_facts AS
SELECT
    r.target_table,
    i.symbol,
    (r.key ->> 'time')::timestamptz AS time,
    r.stored AS before,
    r.offered AS after,
    r.applied_at,
    r.applied_by,
    r.reason,
    r.batch_id,
    b.path
FROM market.revisions AS r
JOIN market.import_batches AS b USING (batch_id)
LEFT JOIN market.instruments AS i ON i.instrument_id = (r.key ->> 'instrument_id')::smallint
WHERE r.applied;

COMMENT ON VIEW audit.replaced_facts IS
    'Which facts did a repair replace: what was stored before, what after, who did it, when, why and from which file?';
COMMENT ON COLUMN audit.replaced_facts.target_table IS 'The table of the fact';
COMMENT ON COLUMN audit.replaced_facts.symbol IS 'The instrument';
COMMENT ON COLUMN audit.replaced_facts.time IS 'The time of the fact';
COMMENT ON COLUMN audit.replaced_facts.before IS 'The row until the repair; decisions before it still see this one';
COMMENT ON COLUMN audit.replaced_facts.after IS 'The row that the file brought';
COMMENT ON COLUMN audit.replaced_facts.applied_at IS 'When the repair was made: the known_at of the new values';
COMMENT ON COLUMN audit.replaced_facts.applied_by IS 'The user of the machine and the login of the database';
COMMENT ON COLUMN audit.replaced_facts.reason IS 'Why, in the operator''s words';
COMMENT ON COLUMN audit.replaced_facts.batch_id IS 'The import (market.import_batches)';
COMMENT ON COLUMN audit.replaced_facts.path IS 'The file that brought the new values';
