-- What the scans of this day of UTC have cost, all runs together, USD; repeated stored scans cost nothing.
SELECT coalesce(sum(news_scans.cost_usd), 0) AS spent_usd
FROM hydra.news_scans
WHERE news_scans.decided_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    AND news_scans.trigger <> 'replayed';
