-- Notes how far ingest of a venue has come and announces it; neither instant goes back.
WITH noted AS (
    INSERT INTO market.ingest_progress AS p (
        venue, session_id, committed_through, candles_through, queued_rows, spilled_rows
    )
    VALUES (
        %(venue)s, %(session_id)s, %(committed_through)s, %(candles_through)s, %(queued_rows)s, %(spilled_rows)s
    )
    ON CONFLICT (venue) DO UPDATE SET
        session_id = excluded.session_id,
        committed_through = greatest(p.committed_through, excluded.committed_through),
        candles_through = greatest(p.candles_through, excluded.candles_through),
        queued_rows = excluded.queued_rows,
        spilled_rows = excluded.spilled_rows,
        updated_at = now()
    RETURNING p.venue
)
SELECT pg_notify('ingest_progress', venue) FROM noted;
