-- Store the views of a scan, of the pairs that the run decides. They are known once the answer is there, and later
-- than any minute that may have been decided without them; a second more, for one that opens meanwhile.
INSERT INTO hydra.news_views (
    run_id, instrument_id, time, action, confidence, reason, model_id, item_ids, answer, scan_id, known_at
)
SELECT
    %(run_id)s,
    instruments.instrument_id,
    %(time)s,
    views.action,
    views.confidence,
    views.reason,
    %(model_id)s,
    %(item_ids)s,
    to_jsonb(views),
    %(scan_id)s,
    greatest(
        %(answered)s::timestamptz, (SELECT max(cycles.as_of) FROM hydra.cycles WHERE cycles.run_id = %(run_id)s)
    ) + interval '1 second'
FROM jsonb_to_recordset(%(views)s) AS views (symbol TEXT, action TEXT, confidence TEXT, reason TEXT)
INNER JOIN market.instruments
    ON instruments.base = views.symbol AND instruments.instrument_id = ANY(%(instrument_ids)s);
