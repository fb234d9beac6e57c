-- Deletes the recorded gaps of an instrument that begin in a range, before they are measured again.
DELETE FROM market.gaps
WHERE source_table = %(source)s
    AND instrument_id = %(instrument_id)s
    AND gap_start > %(from_time)s
    AND gap_start <= %(to_time)s;
