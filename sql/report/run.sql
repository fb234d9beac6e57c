-- A run with the facts that its figures depend on: number of decided minutes, pairs, what its fills rest on, and number
-- of runs on this market (the more were tried, the less the best result means).
SELECT
    r.run_id, r.mode, r.market_origin, r.label, r.seed, r.feeds, r.config, r.config_hash, r.readings_hash,
    r.feature_set_version, r.cost_model_version, r.code_version, r.data_hash, r.data_from, r.data_to, r.started_at,
    r.ended_at, r.end_reason, c.first_minute, c.last_minute, c.closed_minutes, c.skipped_minutes, p.pairs,
    p.instrument_ids, n.runs_on_this_market, s.stale_minutes, f.book_fills, f.bar_fills,
    f.exchange_fills
FROM hydra.runs AS r
CROSS JOIN LATERAL (
    SELECT
        min(time) AS first_minute,
        max(time) AS last_minute,
        coalesce(
            (
                -- A backtest has cycles only for minutes with rows; its counts contain every minute.
                SELECT max(minutes) FROM (
                    SELECT sum(verdicts) AS minutes FROM hydra.veto_counts
                    WHERE veto_counts.run_id = r.run_id AND layer = 4
                    GROUP BY instrument_id
                ) AS counted
            ),
            count(*) FILTER (WHERE state = 'CLOSED')
        )::bigint AS closed_minutes,
        count(*) FILTER (WHERE state = 'SKIPPED') AS skipped_minutes
    FROM hydra.cycles WHERE cycles.run_id = r.run_id
) AS c
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(i.base ORDER BY i.instrument_id), '{}') AS pairs,
        coalesce(array_agg(i.instrument_id::int ORDER BY i.instrument_id), '{}') AS instrument_ids
    FROM market.instruments AS i
    WHERE i.instrument_id IN (
        SELECT pair::smallint FROM jsonb_array_elements_text(r.config->'instrument_ids') AS pair
    )
) AS p
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE x.evidence = 'BOOK') AS book_fills,
        count(*) FILTER (WHERE x.evidence = 'BAR') AS bar_fills,
        count(*) FILTER (WHERE x.evidence = 'EXCHANGE') AS exchange_fills
    FROM hydra.fills AS x JOIN hydra.orders AS o USING (order_id)
    WHERE o.run_id = r.run_id
) AS f
CROSS JOIN LATERAL (
    SELECT count(*) AS stale_minutes FROM hydra.equity WHERE equity.run_id = r.run_id AND stale_positions > 0
) AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS runs_on_this_market
    FROM hydra.runs AS other
    WHERE other.market_origin = r.market_origin
        AND other.seed IS NOT DISTINCT FROM r.seed
        AND tstzrange(other.data_from, other.data_to) && tstzrange(r.data_from, r.data_to)
) AS n
WHERE r.run_id = %(run_id)s
