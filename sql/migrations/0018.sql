-- From a database of revision 0017 to the schema of sql/schema; sql/schema/run_scorers.sql is run after it.
-- Not run for empty databases: they are built from sql/schema.

COMMENT ON COLUMN hydra.signals.score_kind IS 'What scored it: rule, or a model of the registry as name@version';
ALTER TABLE hydra.runs
DROP CONSTRAINT runs_label_check,
ADD CONSTRAINT runs_label_check CHECK ((market_origin, label) IN (
    ('generated', 'simulated'), ('recorded', 'recorded'),
    ('exchange', 'live'), ('exchange', 'demo'), ('exchange', 'simulated'),
    ('generated', 'simulated, in sample'), ('recorded', 'recorded, in sample'),
    ('exchange', 'live, in sample'), ('exchange', 'demo, in sample'), ('exchange', 'simulated, in sample')
));
COMMENT ON COLUMN hydra.runs.label IS
'Shown beside every number: simulated, recorded, demo or live; in sample: its model was trained on these minutes';
