-- The feature vectors are many and wide: a hypertable in chunks of a week.

SELECT create_hypertable('hydra.features', by_range('time', interval '7 days'), create_default_indexes => false);
