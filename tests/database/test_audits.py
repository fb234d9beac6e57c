"""Every audit finds its planted defect, and says nothing about clean rows."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from hydra.answers.audits import run_audits
from hydra.db import queries
from tests.support.planted_defects import DEFECTS, NO_DEFECTS, UPGRADED
from tests.support.trade_scenario import write_scenario


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        write_scenario(opened)
        yield opened
        opened.rollback()


REPAIR_OF_ALL_BARS = """
    INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,
        rows_unchanged, rows_revised, rows_quarantined, rollups_fresh)
    VALUES ('b.csv', 'y', 'candles', 'candles_1m', 1, 0, 0, 1, 0, true);
    INSERT INTO market.revisions (batch_id, target_table, key, stored, offered, known_at, applied, reason,
        applied_at, applied_by)
    SELECT (SELECT max(batch_id) FROM market.import_batches), 'candles_1m', to_jsonb(c), to_jsonb(c),
        to_jsonb(c), now(), true, 'none was traded', now(), 'anna'
    FROM market.candles_1m AS c;
    UPDATE market.candles_1m SET volume = 0, known_at = now()"""


def findings(connection: psycopg.Connection, name: str) -> list[tuple[object, ...]]:
    return connection.execute(queries.load(f"audits/{name}")).fetchall()


def test_every_audit_has_a_planted_defect() -> None:
    assert sorted(f"audits/{name}" for name in DEFECTS) == list(queries.names("audits"))


@pytest.mark.parametrize("name", DEFECTS)
def test_an_audit_is_silent_on_clean_rows(connection: psycopg.Connection, name: str) -> None:
    assert findings(connection, name) == []


@pytest.mark.parametrize("name", DEFECTS)
def test_an_audit_finds_its_defect(connection: psycopg.Connection, name: str) -> None:
    for statement in DEFECTS[name].split(";"):
        connection.execute(statement)
    if name == "stale_rollup" and is_real_time(connection):
        pytest.skip("runs on the Apache edition: here what was never refreshed is computed as it is read")
    assert len(findings(connection, name)) == 1


@pytest.mark.parametrize(
    ("role", "early_s", "found"), [("ENTRY", 1, 0), ("ENTRY", 1.1, 1), ("EXIT", 5, 0), ("EXIT", 5.1, 1)]
)
def test_a_fill_may_be_earlier_than_its_order_by_what_the_clocks_may_differ(
    connection: psycopg.Connection, role: str, early_s: float, found: int
) -> None:
    connection.execute(
        "UPDATE hydra.orders SET role = %s, reduce_only = %s WHERE order_id = 21", (role, role == "EXIT")
    )
    connection.execute(
        "UPDATE hydra.fills SET evidence = 'EXCHANGE', time = o.placed_time - %s * interval '1 second'"
        " FROM hydra.orders AS o WHERE o.order_id = fills.order_id AND fill_id = 31",
        (early_s,),
    )
    assert len(findings(connection, "fill_without_order")) == found


@pytest.mark.parametrize(("ended_ago_s", "filled", "found"), [(11, 0, 1), (1, 0, 0), (11, 20, 0)])
def test_a_stop_whose_entry_has_bought_nothing_does_not_stay(
    connection: psycopg.Connection, ended_ago_s: int, filled: int, found: int
) -> None:
    connection.execute(
        "UPDATE hydra.orders SET state = 'CANCELED', filled_quantity = %s WHERE order_id = 23", (filled,)
    )
    connection.execute("UPDATE hydra.orders SET position_id = NULL WHERE order_id = 24")
    connection.execute(
        "INSERT INTO hydra.order_events (order_id, sequence, time, state, recorded_at)"
        " VALUES (23, 1, '2025-06-01 00:07Z', 'CANCELED', now() - make_interval(secs => %s))",
        (ended_ago_s,),
    )
    assert len(findings(connection, "order_outlives_position")) == found


@pytest.mark.parametrize(
    "defect",
    [
        "UPDATE market.order_books SET known_at = time - interval '1 s'",
        "INSERT INTO market.trades VALUES (1, '2025-06-01 00:02Z', 7, '2025-06-01 00:01Z', 100, 1, true)",
    ],
)
def test_of_order_books_and_trades_the_newest_day_is_looked_at(
    connection: psycopg.Connection, defect: str
) -> None:
    connection.execute(defect.encode())
    assert len(findings(connection, "known_before_it_happened")) == 1


@pytest.mark.parametrize(
    ("events", "candle_known_at", "found"),
    [
        # The rate of 00:07 became known after the check of 00:08.
        ([(3, "00:08", "CHECKED"), (4, "00:07", "FUNDING")], "00:07:02", 0),
        ([(3, "00:05", "FUNDING")], "00:07:02", 1),
        ([(3, "00:06", "CHECKED")], "00:07:02", 1),
        ([(3, "00:07", "FUNDING"), (4, "00:06:30", "CHECKED")], "00:06:59", 1),
        ([(4, "00:08", "CHECKED")], "00:07:02", 1),
        # The candle that ended at 00:07 became known after the check of 00:08, or before it.
        ([(3, "00:08", "CHECKED"), (4, "00:07", "REDUCED"), (5, "00:06:30", "CLOSED")], "00:08:30", 0),
        ([(3, "00:08", "CHECKED"), (4, "00:07", "REDUCED")], "00:07:02", 1),
    ],
)
def test_only_what_becomes_known_late_is_booked_after_later_events(
    connection: psycopg.Connection, events: list[tuple[int, str, str]], candle_known_at: str, found: int
) -> None:
    """The position was opened at 00:06 and checked at 00:07, its events 1 and 2."""
    connection.execute(
        "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
        " SELECT instrument_id, '2025-06-01 00:06Z', %s::timestamptz, 100, 101, 99, 100, 5"
        " FROM hydra.positions WHERE position_id = 12",
        (f"2025-06-01 {candle_known_at}Z",),
    )
    for sequence, time, kind in events:
        connection.execute(
            "INSERT INTO hydra.position_events (position_id, sequence, time, kind)"
            " VALUES (12, %s, %s::timestamptz, %s)",
            (sequence, f"2025-06-01 {time}Z", kind),
        )
    assert len(findings(connection, "event_sequence_with_holes")) == found


@pytest.mark.parametrize(("as_of", "found"), [("00:07:01", 0), ("00:07:02", 1)])
def test_a_minute_decided_on_less_than_was_known_by_then_makes_no_event_late(
    connection: psycopg.Connection, as_of: str, found: int
) -> None:
    """00:08 was decided as of `as_of`, as ingest stood still; a candle of 00:06 was known at 00:07:02."""
    connection.execute(
        "INSERT INTO hydra.cycles (run_id, time, state, as_of, closed_at, code_version)"
        " SELECT run_id, '2025-06-01 00:08Z', 'CLOSED', %s::timestamptz, now(), code_version"
        " FROM hydra.cycles WHERE run_id = (SELECT run_id FROM hydra.positions WHERE position_id = 12)"
        " LIMIT 1",
        (f"2025-06-01 {as_of}Z",),
    )
    events = [(3, "00:08", "CHECKED"), (4, "00:07", "REDUCED")]
    test_only_what_becomes_known_late_is_booked_after_later_events(connection, events, "00:07:02", found)


@pytest.mark.parametrize("name", NO_DEFECTS)
def test_an_audit_is_silent_at_its_border(connection: psycopg.Connection, name: str) -> None:
    for statement in NO_DEFECTS[name].split(";"):
        connection.execute(statement)
    assert findings(connection, name) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE hydra.fills SET price = 99", []),
        # A resting order that the bar opened beyond fills at its limit; a market order does not.
        ("UPDATE hydra.fills SET price = 103", []),
        ("UPDATE hydra.fills SET price = 103, is_maker = false", ["outside its bar"]),
        ("UPDATE market.candles_1m SET volume = 0", ["outside its bar"]),
        # By the recorded book it filled inside its bar, of which its time says the minute.
        ("UPDATE hydra.fills SET evidence = 'BOOK', time = time - interval '20 seconds'", []),
        ("UPDATE hydra.fills SET evidence = 'BOOK', time = time - interval '20 seconds', price = 98",
         ["outside its bar"]),
        ("DELETE FROM market.candles_1m WHERE time = '2025-06-01 00:05Z'", ["outside its bar"]),
        # The bar that the fill was played on had volume; a repair says later that it has none.
        (REPAIR_OF_ALL_BARS, []),
        # Taken over at a price that is better than all that traded, but not at one that is worse.
        ("UPDATE hydra.fills SET price = 105, is_maker = false; UPDATE hydra.orders SET side = 'SELL',"
         " role = 'EXIT', reduce_only = true, reason_code = 'LIQUIDATED'", []),
        ("UPDATE hydra.fills SET price = 95, is_maker = false; UPDATE hydra.orders SET side = 'SELL',"
         " role = 'EXIT', reduce_only = true, reason_code = 'LIQUIDATED'", ["outside its bar"]),
        # The margin is 1,000 / 5.
        ("UPDATE hydra.positions SET gross_pnl_usd = -200", []),
        ("UPDATE hydra.positions SET gross_pnl_usd = -200.01", ["lost more than its margin"]),
        ("UPDATE hydra.runs SET cost_model_version = '1'; UPDATE hydra.fills SET price = 1", []),
    ],
)  # fmt: skip
def test_a_fill_is_judged_by_its_bar_and_a_loss_by_its_margin(
    connection: psycopg.Connection, change: str, found: list[str]
) -> None:
    connection.execute("UPDATE hydra.runs SET cost_model_version = '2'")
    connection.execute("DELETE FROM hydra.fills WHERE fill_id IN (32, 33)")
    connection.execute("UPDATE hydra.positions SET gross_pnl_usd = 0")
    connection.execute(change.encode())
    assert [row[-1] for row in findings(connection, "fill_outside_the_bar")] == found


@pytest.mark.parametrize(
    ("costs", "price", "loss", "found"),
    [
        # Half of 3 times 200 bps, 100 bps of slippage and 10 bps for the tick: 4.1 % below the low of 99.
        ({"BTC": "200"}, "94.941", "200", []),
        ({"BTC": "200"}, "94.94", "200", ["outside its bar"]),
        # The pair has no costs of its own: the dearest ones count.
        ({"XYZ": "200"}, "94.941", "200", []),
        # What closing 10 for 94.941 may have cost: 40.589, on top of a margin of 200.
        ({"BTC": "200"}, "94.941", "240.58", []),
        ({"BTC": "200"}, "94.941", "240.6", ["lost more than its margin"]),
        # The defaults stay within half a per cent.
        ({"BTC": "0.5"}, "98.5", "200", ["outside its bar"]),
    ],
)
def test_a_fill_is_judged_by_the_costs_of_its_run(
    connection: psycopg.Connection, costs: dict[str, str], price: str, loss: str, found: list[str]
) -> None:
    slippage = {base: "100" if spread == "200" else spread for base, spread in costs.items()}
    paid = {"spread_bps": costs, "slippage_bps": slippage, "taker_spread_factor": "3"}
    config = Jsonb({"rules": {"costs": paid}})
    connection.execute("UPDATE hydra.runs SET cost_model_version = '2', config = %s", (config,))
    connection.execute("DELETE FROM hydra.fills WHERE fill_id = 33")
    leave_at_0006(connection, price)
    connection.execute(
        "UPDATE hydra.positions SET gross_pnl_usd = -%s::numeric WHERE position_id = 11", (loss,)
    )
    assert [row[-1] for row in findings(connection, "fill_outside_the_bar")] == found


def leave_at_0006(connection: psycopg.Connection, price: str) -> None:
    """The exit of position 11 fills in the bar of its entry."""
    connection.execute(
        "UPDATE hydra.fills SET time = '2025-06-01 00:06Z', price = %s WHERE fill_id = 32", (price,)
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        # The minute of the upgrade was assessed before it: its vector is the first version's.
        ("UPDATE hydra.cycles SET code_version = 'other'", []),
        ("UPDATE hydra.cycles SET code_version = 'abc'", [("code", "abc", "other")]),
        ("UPDATE hydra.cycles SET code_version = 'third'", [("code", "third", "other")]),
        (
            "UPDATE hydra.cycles SET code_version = 'other';"
            " UPDATE hydra.features SET feature_set_version = '2'",
            [("features", "2", "1")],
        ),
        (
            "UPDATE hydra.run_versions SET state = 'OPEN' WHERE number = 2;"
            " UPDATE hydra.cycles SET code_version = 'other'",
            [("features", "1", "2")],
        ),
        (
            "UPDATE hydra.run_versions SET time = '2025-06-01 00:06Z', state = NULL WHERE number = 2;"
            " UPDATE hydra.cycles SET code_version = 'other'",
            [("code", "other", "abc")],
        ),
    ],
)
def test_every_minute_is_judged_by_the_version_that_the_run_had_then(
    connection: psycopg.Connection, change: str, found: list[tuple[str, ...]]
) -> None:
    connection.execute(UPGRADED)
    connection.execute(change.encode())
    assert [row[2:] for row in findings(connection, "row_of_another_version")] == found


@pytest.mark.parametrize(("reason", "found"), [("DATA_ENDED", []), ("DATA_STALE", ["outside its bar"])])
def test_a_takeover_in_no_bar_is_silent_where_the_data_ended(
    connection: psycopg.Connection, reason: str, found: list[str]
) -> None:
    """The last mark of a pair that never came back may lie beyond its bankruptcy price."""
    connection.execute("UPDATE hydra.runs SET cost_model_version = '2'")
    connection.execute("DELETE FROM hydra.fills WHERE fill_id = 33")
    connection.execute(
        "UPDATE hydra.orders SET role = 'EXIT', reason_code = 'LIQUIDATED' WHERE order_id = 22"
    )
    connection.execute(
        "UPDATE hydra.orders SET position_id = 11, role = 'EXIT', reason_code = %s WHERE order_id = 24",
        (reason,),
    )
    assert [row[-1] for row in findings(connection, "fill_outside_the_bar")] == found


def test_an_entry_that_a_liquidation_cancelled_is_judged_as_an_entry(connection: psycopg.Connection) -> None:
    """Partly filled, then withdrawn with the reason of the exit: a buy below its bar is found."""
    connection.execute("UPDATE hydra.runs SET cost_model_version = '2'")
    connection.execute("DELETE FROM hydra.fills WHERE fill_id IN (32, 33)")
    connection.execute("UPDATE hydra.orders SET reason_code = 'LIQUIDATED' WHERE order_id = 21")
    connection.execute("UPDATE hydra.fills SET price = 98 WHERE fill_id = 31")
    assert [row[-1] for row in findings(connection, "fill_outside_the_bar")] == ["outside its bar"]


@pytest.mark.parametrize(
    ("table", "earliest"),
    [
        ("candles_1m", "62 s"),
        ("candles_5m_recorded", "302 s"),
        ("mark_prices", "3602 s"),
        ("funding_rates", "5 s"),
        ("open_interest", "60 s"),
        ("positioning", "60 s"),
    ],
)
def test_an_imported_fact_that_claims_to_be_known_too_early_is_found(
    connection: psycopg.Connection, table: str, earliest: str
) -> None:
    """At the very lag nothing is found; a microsecond before it the row is, unless no import brought it."""
    name = sql.Identifier("market", table)
    connection.execute(
        "INSERT INTO market.candles_5m_recorded"
        " SELECT 1, '2025-06-01 00:00Z', '2025-06-01 00:05:02Z', 1, 1, 1, 1, 1;"
        "INSERT INTO market.open_interest SELECT 1, '2025-06-01 00:05Z', '2025-06-01 00:06Z', 1, 1;"
        "INSERT INTO market.positioning SELECT 1, '2025-06-01 00:05Z', '2025-06-01 00:06Z', 1, 1, 1, 1"
    )
    early = sql.SQL("UPDATE {} SET known_at = time + interval {} - interval '1 us'").format(name, earliest)
    count = connection.execute(early).rowcount
    assert findings(connection, "known_before_its_lag") == []
    connection.execute(
        "INSERT INTO market.import_batches (path, sha256, layout, target_table, rows_read, rows_inserted,"
        " rows_unchanged, rows_revised, rows_quarantined, first_time, last_time, rollups_fresh)"
        " VALUES ('a.csv', 'x', 'any', %s, 1, 1, 0, 0, 0, '2025-06-01 00:00Z', '2025-06-01 01:00Z', true)",
        (f"{table}, another",),
    )
    assert {row[0] for row in findings(connection, "known_before_its_lag")} == {table}
    assert len(findings(connection, "known_before_its_lag")) == count
    on_time = sql.SQL("UPDATE {} SET known_at = time + interval {}").format(name, earliest)
    connection.execute(on_time)
    assert findings(connection, "known_before_its_lag") == []


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_position_size_usd", 999), ("max_leverage", 4.9), ("max_total_exposure_usd", 2999)],
)
def test_every_limit_of_the_run_is_audited(connection: psycopg.Connection, limit: str, value: float) -> None:
    connection.execute("UPDATE hydra.runs SET config = %s", (Jsonb({"settings": {limit: value}}),))
    assert len(findings(connection, "limits_exceeded")) == 1


def test_heat_is_audited_with_what_the_approvals_add(connection: psycopg.Connection) -> None:
    connection.execute("""UPDATE hydra.risk_decisions SET numbers = '{"loss_at_stop": 0.25}'""")
    assert findings(connection, "limits_exceeded") == []
    connection.execute("""UPDATE hydra.risk_decisions SET numbers = '{"loss_at_stop": 0.26}'""")
    assert len(findings(connection, "limits_exceeded")) == 1


def test_run_audits_answers_every_audit_with_its_question(connection: psycopg.Connection) -> None:
    answered = run_audits(connection)
    assert [finding.audit for finding in answered] == sorted(DEFECTS)
    assert all(finding.is_clean and "Must return no rows" in finding.question for finding in answered)


def test_run_audits_counts_all_rows_and_keeps_the_first(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE market.candles_1m SET volume = -1")
    (finding,) = [finding for finding in run_audits(connection) if not finding.is_clean]
    assert (finding.audit, finding.rows_found, len(finding.first_rows)) == ("impossible_candle", 10, 5)
    assert finding.columns[:3] == ("source_table", "instrument_id", "time")


def is_real_time(connection: psycopg.Connection) -> bool:
    row = connection.execute(queries.load("rollups/uses_continuous_aggregates")).fetchone()
    return bool(row and row[0])


def test_fees_that_are_not_those_of_the_fills_are_found(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE hydra.fills SET fee_usd = 0.3 WHERE fill_id = 31")
    assert [row[1] for row in findings(connection, "position_does_not_add_up")] == [11]


def test_a_recorded_gap_is_no_finding(connection: psycopg.Connection) -> None:
    connection.execute(DEFECTS["unrecorded_gap"])
    connection.execute(
        "INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows)"
        " VALUES ('candles_1m', 1, '2025-06-01 00:04Z', '2025-06-01 00:05Z', 1)"
    )
    assert findings(connection, "unrecorded_gap") == []


def test_an_entry_after_the_kill_switch_was_cleared_is_no_finding(connection: psycopg.Connection) -> None:
    connection.execute(DEFECTS["entry_while_killed"])
    connection.execute(
        "UPDATE hydra.kill_switch"
        " SET cleared_time = '2025-06-01 00:04:30Z', cleared_by = 'anna', clear_reason = 'ok'"
    )
    assert findings(connection, "entry_while_killed") == []


def test_a_fact_that_was_heard_live_may_be_known_before_its_lag(connection: psycopg.Connection) -> None:
    for statement in DEFECTS["known_before_its_lag"].split(";"):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id, started_at)"
        " VALUES ('binance', 'production', 'abc', 1, '2025-06-01 00:03Z')"
    )
    assert findings(connection, "known_before_its_lag") == []
    # Another process that only waits does not end the session of the first.
    connection.execute(
        "INSERT INTO market.ingest_sessions"
        " (venue, environment, code_version, process_id, started_at, ended_at) VALUES"
        " ('binance', 'production', 'abc', 2, '2025-06-01 00:03:01Z', '2025-06-01 00:03:01Z')"
    )
    assert findings(connection, "known_before_its_lag") == []
