-- A run that goes on asks for a model, and its newest minutes were not scored by it.
SELECT
    'run ' || w.run_id AS subject,
    'WARNING' AS severity,
    s.recorded_at AS since,
    interval '0' AS patience,
    'The signals of ' || w.words || ' are scored by ' || s.score_kind || ', asked for is ' || s.wanted || ': '
        || s.complaint AS happened,
    'HYDRA trades on: what scores stands in every signal, and every change of it in hydra.run_scorers.' AS done,
    '`hydra models verify` says which models can be used here; publish or pin one that can, or set SIGNAL_SCORER.' AS advice
FROM hydra.watched_runs AS w
CROSS JOIN LATERAL (
    SELECT * FROM hydra.run_scorers WHERE run_scorers.run_id = w.run_id ORDER BY run_scorers.time DESC LIMIT 1
) AS s
WHERE s.complaint IS NOT NULL
ORDER BY w.run_id
