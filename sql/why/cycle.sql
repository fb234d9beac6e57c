-- How far a minute of a run has come, by which code, and the newest fact that its features used for a pair.
SELECT cycles.state, cycles.as_of, cycles.code_version, cycles.reason_code, features.newest_known_at
FROM hydra.cycles
LEFT JOIN hydra.features
    ON features.run_id = cycles.run_id AND features.time = cycles.time
    AND features.instrument_id = %(instrument_id)s
WHERE cycles.run_id = %(run_id)s AND cycles.time = %(time)s
