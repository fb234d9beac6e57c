-- How many minutes of every hour a run decided, and its first and last decided minute. A backtest has cycles only
-- for minutes with rows; its counts contain every minute.
WITH span AS (
    SELECT min(time) AS first_minute, max(time) AS last_minute
    FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'CLOSED'
),
counted AS (
    SELECT hour, max(minutes) AS minutes
    FROM (
        SELECT hour, sum(verdicts) AS minutes
        FROM hydra.veto_counts
        WHERE run_id = %(run_id)s AND layer = 4
        GROUP BY hour, instrument_id
    ) AS of_pair
    GROUP BY hour
),
closed AS (
    SELECT date_trunc('hour', time, 'UTC') AS hour, count(*) AS minutes
    FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'CLOSED' AND NOT EXISTS (SELECT FROM counted)
    GROUP BY 1
)
SELECT hour, minutes::double precision AS minutes, first_minute, last_minute
FROM (SELECT * FROM counted UNION ALL SELECT * FROM closed) AS hours
CROSS JOIN span
ORDER BY hour
