-- Whether no scan by schedule has begun since the run's clock passed the last multiple of the interval.
SELECT NOT EXISTS (
    SELECT FROM hydra.news_scans
    WHERE news_scans.run_id = %(run_id)s AND news_scans.trigger = 'schedule'
        AND news_scans.time >= date_bin(%(interval)s::interval, %(time)s, TIMESTAMPTZ '2000-01-01 00:00+00')
) AS is_due;
