-- Notes when an interruption ended and what the exchange gave back of it; what is not known stays as it was.
UPDATE market.interruptions
SET ended_at = coalesce(%(ended_at)s, ended_at), missed = coalesce(%(missed)s, missed), repair = coalesce(%(repair)s, repair)
WHERE venue = %(venue)s AND feed = %(feed)s AND instrument_id = %(instrument_id)s
    AND started_at = %(started_at)s AND cause = %(cause)s AND repair IS NULL;
