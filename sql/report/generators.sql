-- How often each generator fired in a run, and the outcomes (C05, C112), in pair-minutes.
-- restricted: layer 2 allowed no entry; vetoed: another reason of layer 4.
SELECT
    s.source,
    count(*) AS seen,
    count(*) FILTER (WHERE s.reason_code IN ('CONFIDENCE_LOW', 'SCORE_LOW')) AS too_weak,
    count(*) FILTER (WHERE s.reason_code = 'NO_CASCADE') AS without_cascade,
    count(*) FILTER (WHERE s.reason_code = 'SIGNAL_OUTRANKED') AS outranked,
    count(*) FILTER (WHERE s.reason_code IN ('NEWS_HOLD', 'NEWS_EXIT', 'NEWS_AGAINST')) AS stopped_by_news,
    count(*) FILTER (WHERE s.chosen AND d.reason_code = 'NOT_TRADABLE') AS restricted,
    count(*) FILTER (WHERE s.chosen AND NOT d.approved AND d.reason_code <> 'NOT_TRADABLE') AS vetoed,
    count(*) FILTER (WHERE s.chosen AND d.approved) AS approved
FROM hydra.signals AS s
LEFT JOIN hydra.risk_decisions AS d USING (run_id, instrument_id, time)
WHERE s.run_id = %(run_id)s
GROUP BY s.source
ORDER BY s.source
