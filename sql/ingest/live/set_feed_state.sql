-- Sets what one feed of ingest does now.
INSERT INTO market.feed_states (
    venue, feed, instrument_id, state, last_time, last_received_at, messages, messages_per_second, lag_seconds,
    unknown_fields, detail
)
VALUES (
    %(venue)s, %(feed)s, %(instrument_id)s, %(state)s, %(last_time)s, %(last_received_at)s, %(messages)s,
    %(messages_per_second)s, %(lag_seconds)s, %(unknown_fields)s, %(detail)s
)
ON CONFLICT (venue, feed, instrument_id) DO UPDATE SET
    state = excluded.state,
    last_time = coalesce(excluded.last_time, feed_states.last_time),
    last_received_at = coalesce(excluded.last_received_at, feed_states.last_received_at),
    messages = excluded.messages,
    messages_per_second = excluded.messages_per_second,
    lag_seconds = coalesce(excluded.lag_seconds, feed_states.lag_seconds),
    unknown_fields = excluded.unknown_fields,
    detail = excluded.detail,
    updated_at = now();
