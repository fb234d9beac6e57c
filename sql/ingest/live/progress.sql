-- How far ingest of a venue came; no row before its first commit.
SELECT committed_through, candles_through FROM market.ingest_progress WHERE venue = %(venue)s;
