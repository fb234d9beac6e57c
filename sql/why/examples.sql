-- One minute of each kind to show for a run: its most profitable trade, the newest veto for its rarest reason, and the
-- newest quiet minute in which trading was allowed: one in which no generator fired, where there is such a minute.
(
    SELECT 'a trade' AS kind, p.instrument_id, i.base, p.decision_time AS time
    FROM hydra.positions AS p JOIN market.instruments AS i USING (instrument_id)
    WHERE p.run_id = %(run_id)s AND p.state = 'CLOSED'
    ORDER BY p.net_pnl_usd DESC, p.decision_time, p.instrument_id LIMIT 1
)
UNION ALL
(
    SELECT 'a veto', d.instrument_id, i.base, d.time
    FROM hydra.risk_decisions AS d JOIN market.instruments AS i USING (instrument_id)
    WHERE d.run_id = %(run_id)s AND d.source IS NOT NULL AND NOT d.approved
    ORDER BY count(*) OVER (PARTITION BY d.reason_code), d.time DESC, d.instrument_id LIMIT 1
)
UNION ALL
(
    SELECT 'a quiet minute', d.instrument_id, i.base, d.time
    FROM hydra.risk_decisions AS d
    JOIN market.instruments AS i USING (instrument_id)
    JOIN hydra.assessments AS a USING (run_id, instrument_id, time)
    WHERE d.run_id = %(run_id)s AND d.reason_code = 'NO_SIGNAL' AND a.tradability = 'ALLOW'
    ORDER BY
        EXISTS (
            SELECT FROM hydra.signals AS s
            WHERE s.run_id = d.run_id AND s.instrument_id = d.instrument_id AND s.time = d.time
        ),
        d.time DESC, d.instrument_id
    LIMIT 1
)
