-- Signals of a run that asks for a model which were scored by something else than what scored at that minute.
-- Must return no rows.
WITH spans AS (
    SELECT
        run_id, score_kind,
        tstzrange(time, lead(time) OVER (PARTITION BY run_id ORDER BY time)) AS minutes
    FROM hydra.run_scorers
)
SELECT s.run_id, s.instrument_id, s.time, s.source, s.score_kind, p.score_kind AS scorer_of_minute
FROM hydra.signals AS s
JOIN spans AS p ON p.run_id = s.run_id AND s.time <@ p.minutes
WHERE coalesce(s.score_kind, 'rule') <> p.score_kind
ORDER BY s.run_id, s.time, s.instrument_id
