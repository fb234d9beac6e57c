-- How many signals of a run each scorer scored. A backtest stores those of minutes with rows.
SELECT coalesce(score_kind, 'rule') AS score_kind, count(*) AS signals
FROM hydra.signals
WHERE run_id = %(run_id)s
GROUP BY 1
ORDER BY 2 DESC, 1
