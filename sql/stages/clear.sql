-- Clears latched kill switches, with who, why, and the state of the run's newest minute.
UPDATE hydra.kill_switch
SET cleared_time = %(time)s, cleared_by = %(by)s, clear_reason = %(reason)s,
    numbers = numbers || jsonb_build_object('cleared_in', %(state)s::text)
WHERE kill_id = ANY(%(kill_ids)s);
