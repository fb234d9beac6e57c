-- A channel is known from now on: what ended before is not told on it.
INSERT INTO hydra.alert_channels (channel) VALUES (%(channel)s) ON CONFLICT (channel) DO NOTHING;
