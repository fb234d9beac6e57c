-- Records that a feed was interrupted.
INSERT INTO market.interruptions (venue, feed, instrument_id, started_at, ended_at, cause, missed, repair)
VALUES (
    %(venue)s, %(feed)s, %(instrument_id)s, %(started_at)s, %(ended_at)s, %(cause)s, %(missed)s, %(repair)s
);
