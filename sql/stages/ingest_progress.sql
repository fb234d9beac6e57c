-- How far ingest of an exchange has come; no row before its first commit.
SELECT committed_through, candles_through FROM market.ingest_progress WHERE venue = %(venue)s;
