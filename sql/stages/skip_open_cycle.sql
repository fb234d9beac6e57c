-- Skips a minute that was opened and in which no stage has committed anything yet.
UPDATE hydra.cycles
SET state = 'SKIPPED', as_of = %(as_of)s, closed_at = clock_timestamp(), reason_code = %(reason_code)s
WHERE run_id = %(run_id)s AND time = %(time)s AND state = 'OPEN' AND code_version = %(code_version)s;
