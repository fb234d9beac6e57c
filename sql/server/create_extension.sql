-- TimescaleDB in this database; harmless where it is already.
CREATE EXTENSION IF NOT EXISTS timescaledb;
