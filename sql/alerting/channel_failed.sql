-- A channel did not take a message: it is tried again in 5, 10, 20, ... seconds, at most in 300, and not before it said.
UPDATE hydra.alert_channels
SET failures = failures + 1,
    failing_since = coalesce(failing_since, now()),
    next_try_at = now() + make_interval(secs => greatest(least(5 * 2 ^ least(failures, 6), 300), %(retry_after_s)s)),
    detail = %(detail)s
WHERE channel = %(channel)s;
