"""How long orders took from their decision on, from planted events."""

import pytest

from hydra.answers.order_latency import latency_sentence, read_order_latency
from hydra.db.engine import connect
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.trade_scenario import write_scenario

pytestmark = ON_APACHE_ALONE

EVENTS = """
UPDATE hydra.orders SET sent_time = placed_time WHERE order_id IN (21, 22);
INSERT INTO hydra.orders (order_id, run_id, instrument_id, client_order_id, decision_time, role, order_type,
        side, reduce_only, quantity, reference_price, state, filled_quantity, placed_time, sent_time)
    OVERRIDING SYSTEM VALUE
    VALUES (25, 7, 1, 'e', '2025-06-01 00:05Z', 'ENTRY', 'POST_ONLY', 'BUY', false, 10, 99.9, 'REJECTED', 0,
        '2025-06-01 00:05Z', '2025-06-01 00:05Z');
INSERT INTO hydra.order_events (order_id, sequence, time, state, detail, recorded_at)
    SELECT order_id, sequence, '2025-06-01 00:06Z', state, detail::jsonb,
        timestamptz '2025-06-01 00:06Z' + make_interval(secs => seconds)
    FROM (VALUES
        (25, 1, 'PLANNED', '{}', 0.0), (25, 2, 'PLANNED', '{"sent": true}', 0.25),
        (25, 3, 'REJECTED', '{}', 0.5),
        (21, 1, 'PLANNED', '{}', 0.5), (21, 2, 'PLANNED', '{"sent": true}', 0.5), (21, 3, 'OPEN', '{}', 1.0),
        (22, 1, 'PLANNED', '{}', 2.0), (22, 2, 'PLANNED', '{"sent": true}', 2.0),
        (22, 3, 'UNKNOWN', '{}', 3.0), (22, 4, 'FILLED', '{}', 4.0)
    ) AS e (order_id, sequence, state, detail, seconds);
"""
"""An entry that was refused and quoted anew, and a target whose first answer was lost."""


@pytest.mark.usefixtures("edition")
def test_entries_count_from_the_decision_to_the_first_that_was_taken(database_url: str) -> None:
    with connect(database_url) as connection:
        write_scenario(connection)
        assert list(latency_sentence(read_order_latency(connection, 7))) == []
        connection.execute(EVENTS.encode())
        entries, others = read_order_latency(connection, 7)
        connection.rollback()
    assert (entries.is_entry, entries.orders) == (True, 1)
    assert (entries.sent_p50_s, entries.accepted_p50_s, entries.accepted_p99_s) == (0.25, 1.0, 1.0)
    assert (others.is_entry, others.orders, others.sent_p99_s, others.accepted_p50_s) == (False, 1, 0.0, 2.0)
    (sentence,) = latency_sentence([entries, others])
    assert sentence == (
        "From decision to order, in the median: 1 entry: sent after 0.250 s (p99 0.250 s), accepted after "
        "1.000 s (p99 1.000 s); 1 other order: sent after 0.000 s (p99 0.000 s), accepted after 2.000 s (p99 "
        "2.000 s)."
    )
