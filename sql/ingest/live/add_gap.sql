-- Records a hole in facts that the exchange does not give back.
INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows, cause)
VALUES (%(source_table)s, %(instrument_id)s, %(gap_start)s, %(gap_end)s, %(missing_rows)s, %(cause)s)
ON CONFLICT DO NOTHING;
