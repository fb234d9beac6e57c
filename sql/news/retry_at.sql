-- Until when the provider asked to be left alone, if that is still to come: of any run.
SELECT max(news_scans.retry_at) AS retry_at
FROM hydra.news_scans
WHERE news_scans.provider = %(provider)s AND news_scans.retry_at > now();
