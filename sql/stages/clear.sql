-- Clears latched kill switches, with who and why.
UPDATE hydra.kill_switch
SET cleared_time = %(time)s, cleared_by = %(by)s, clear_reason = %(reason)s
WHERE kill_id = ANY(%(kill_ids)s);
