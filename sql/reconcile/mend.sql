-- Ends the differences of a run that are no longer there. %(kinds)s, %(symbols)s, %(subjects)s: those that are.
UPDATE hydra.account_differences AS d
SET mended_time = %(time)s
WHERE d.run_id = %(run_id)s AND d.mended_time IS NULL
    AND NOT EXISTS (
        SELECT FROM unnest(%(kinds)s::text[], %(symbols)s::text[], %(subjects)s::text[]) AS there (kind, symbol, subject)
        WHERE (there.kind, there.symbol, there.subject) = (d.kind, d.symbol, d.subject)
    )
