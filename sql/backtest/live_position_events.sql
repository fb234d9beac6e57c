-- What happened to the positions of a run, their checks included.
SELECT p.instrument_id, p.decision_time, e.sequence, e.time, e.kind, e.amount_usd, e.reason_code, e.numbers
FROM hydra.position_events AS e
JOIN hydra.positions AS p USING (position_id)
WHERE p.run_id = %(run_id)s;
