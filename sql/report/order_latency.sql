-- How long the orders of a run at an exchange took, in seconds of this machine's clock: from the commit of the stage
-- that decided an order to the call of the exchange, and to the answer that the exchange has it. One row for the
-- entries and one for the others, where there are any; what the exchange never took is left out. The entries of one
-- decision count once, up to the first that was taken: a post-only one may be refused and quoted anew.
WITH times AS (
    SELECT
        o.role = 'ENTRY' AS is_entry,
        min(e.recorded_at) FILTER (WHERE e.sequence = 1) AS decided,
        min(e.recorded_at) FILTER (WHERE e.detail @> '{"sent": true}') AS sent,
        min(e.recorded_at) FILTER (WHERE e.state IN ('OPEN', 'PARTIALLY_FILLED', 'FILLED')) AS accepted
    FROM hydra.orders AS o
    JOIN hydra.order_events AS e USING (order_id)
    WHERE o.run_id = %(run_id)s AND o.sent_time IS NOT NULL
    GROUP BY o.role, CASE o.role WHEN 'ENTRY' THEN 0 ELSE o.order_id END, o.instrument_id, o.decision_time
), waited AS (
    SELECT
        is_entry,
        extract(epoch FROM sent - decided)::double precision AS to_sent,
        extract(epoch FROM accepted - decided)::double precision AS to_accepted
    FROM times
    WHERE accepted IS NOT NULL AND sent IS NOT NULL
)
SELECT
    is_entry,
    count(*)::integer AS orders,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY to_sent) AS sent_p50_s,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY to_sent) AS sent_p99_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY to_accepted) AS accepted_p50_s,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY to_accepted) AS accepted_p99_s
FROM waited
GROUP BY is_entry
ORDER BY is_entry DESC
