-- What the page of a run says beside its report: settings, data, instruments, and how many runs this market has
-- seen (the more were tried, the less the best of them says).
SELECT
    r.config, r.data_hash, r.market_origin, n.runs_on_this_market, p.pairs, p.instrument_ids
FROM hydra.runs AS r
CROSS JOIN LATERAL (
    SELECT count(*) AS runs_on_this_market
    FROM hydra.runs AS other
    WHERE other.market_origin = r.market_origin
        AND other.seed IS NOT DISTINCT FROM r.seed
        AND tstzrange(other.data_from, other.data_to) && tstzrange(r.data_from, r.data_to)
) AS n
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(i.base ORDER BY i.instrument_id), '{}') AS pairs,
        coalesce(array_agg(i.instrument_id::int ORDER BY i.instrument_id), '{}') AS instrument_ids
    FROM market.instruments AS i
    WHERE r.config -> 'instrument_ids' @> to_jsonb(i.instrument_id)
        OR EXISTS (SELECT FROM hydra.positions AS p WHERE p.run_id = r.run_id AND p.instrument_id = i.instrument_id)
) AS p
WHERE r.run_id = %(run_id)s
