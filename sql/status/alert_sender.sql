-- Whether a process sends the alerts, and how many last.
SELECT
    EXISTS (SELECT FROM hydra.held_locks WHERE name = 'alerts') AS is_sent,
    (SELECT count(*) FROM hydra.alerts WHERE resolved_at IS NULL) AS open_alerts;
