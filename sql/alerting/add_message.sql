-- A channel took a message of an alert; or, as COUNTED, its number in one.
INSERT INTO hydra.alert_messages (alert_id, channel, number, phase, held_back)
VALUES (%(alert_id)s, %(channel)s, %(number)s, %(phase)s, %(held_back)s)
ON CONFLICT (alert_id, channel, number) DO NOTHING;
